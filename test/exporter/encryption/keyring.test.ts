import { describe, expect, it } from "vitest";
import {
  APISIX_DEFAULT_KEYS,
  Keyring,
  KeyringError,
} from "../../../exporter/encryption/keyring.ts";

const [OLD, OTHER] = ["qeddd145sfvddff3", "edd1c9f0985e76a2"];

describe("the keyring", () => {
  it("encrypts as APISIX does", () => {
    expect(new Keyring([OTHER]).encrypt("userkey")).toBe("mt39FazQccyMqt4ctoRV7w==");
    expect(new Keyring([OLD]).encrypt("userkey")).toBe("MwyzIum5fVAGWep8G34o9g==");
    // Of a recorded answer of APISIX 3.18 with its default keyring.
    expect(new Keyring(APISIX_DEFAULT_KEYS).encrypt("bob")).toBe("FOcca8ec7AXqZvVrQmc9Dw==");
  });

  it("decrypts with whichever of its keys fits, and encrypts with the first", () => {
    const ring = new Keyring([OLD, OTHER]);
    expect(ring.decrypt("mt39FazQccyMqt4ctoRV7w==")).toBe("userkey");
    expect(ring.decrypt("MwyzIum5fVAGWep8G34o9g==")).toBe("userkey");
    expect(ring.encrypt("userkey")).toBe("MwyzIum5fVAGWep8G34o9g==");
  });

  it("has keys of 32 characters, for AES-256", () => {
    const ring = new Keyring(["0123456789abcdef0123456789abcdef"]);
    const long = "é漢😀".repeat(100);
    expect(ring.decrypt(ring.encrypt(long))).toBe(long);
    expect(ring.decrypt(ring.encrypt(""))).toBe("");
  });

  it("leaves what it cannot decrypt as it is", () => {
    const ring = new Keyring([OTHER]);
    const foreign = new Keyring(["another-key-of16"]).encrypt(
      "a text of some length, in two blocks",
    );
    for (const text of ["", "plain", "AAAA", "not base64!", "abcdefgh", foreign]) {
      expect(ring.decrypt(text)).toBe(text);
    }
  });

  it.each([[[]], [["short"]], [["é".repeat(16)]], [[OLD, "x".repeat(24)]]])(
    "refuses %j",
    (keys) => {
      expect(() => new Keyring(keys)).toThrow(KeyringError);
    },
  );
});
