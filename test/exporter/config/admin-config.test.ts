import { describe, expect, it } from "vitest";
import { ConfigError, readConfig, readEtcdConfig } from "../../../exporter/config.ts";
import { cipherOf } from "../../../exporter/encryption/cipher-of.ts";
import { Keyring } from "../../../exporter/encryption/keyring.ts";
import { silentLog } from "../../../exporter/log.ts";

const GOOD = { STORE: "directory", STORE_DIR: "/tmp" };

const admin = (environment: Readonly<Record<string, string>>) =>
  readConfig({ ...GOOD, ...environment }).admin;

function problem(environment: Readonly<Record<string, string>>): ConfigError {
  try {
    readConfig({ ...GOOD, ...environment });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("there was no problem");
}

describe("the configuration of the Admin API", () => {
  it("is off without a key, whatever else is set", () => {
    expect(admin({})).toBeUndefined();
    expect(admin({ ADMIN_LISTEN: "0.0.0.0:9180", ADMIN_KEY: "" })).toBeUndefined();
  });

  it("is on with one, for this machine alone", () => {
    expect(admin({ ADMIN_KEY: "secret" })).toEqual({
      listen: { host: "127.0.0.1", port: 9180 },
      keys: [{ name: "admin", role: "admin", secret: "secret" }],
      allow: ["127.0.0.0/24", "::1"],
      cors: true,
      tls: undefined,
      plugins: "default",
      uiFolder: undefined,
    });
  });

  it("takes several keys with names and roles", () => {
    const settings = { ADMIN_VIEWER_KEY: "v", ADMIN_KEYS: "ci:admin:a:b, grafana:viewer:c\n" };
    expect(admin(settings)?.keys).toEqual([
      { name: "viewer", role: "viewer", secret: "v" },
      { name: "ci", role: "admin", secret: "a:b" },
      { name: "grafana", role: "viewer", secret: "c" },
    ]);
    for (const keys of [
      "ci",
      "ci:root:x",
      "ci:admin:",
      ":admin:x",
      "a:admin:x,a:admin:y",
      "a:admin:x,b:viewer:x",
      ",",
    ]) {
      const { problems } = problem({ ADMIN_KEYS: keys });
      expect(
        problems.map(({ setting }) => setting),
        keys,
      ).toEqual(["ADMIN_KEYS"]);
      expect(problems[0]?.found).toBe("a value that is not shown here");
    }
  });

  it("refuses one key for two roles, and one name for two keys", () => {
    for (const [settings, wrong] of [
      [{ ADMIN_KEY: "k", ADMIN_VIEWER_KEY: "k" }, "ADMIN_VIEWER_KEY"],
      [{ ADMIN_KEY: "k", ADMIN_KEYS: "grafana:viewer:k" }, "ADMIN_KEYS"],
      [{ ADMIN_KEY: "k", ADMIN_KEYS: "admin:viewer:other" }, "ADMIN_KEYS"],
    ] as const) {
      const { problems } = problem(settings);
      expect(problems.map(({ setting }) => setting)).toEqual([wrong]);
      expect(problems[0]?.found).toBe("a value that is not shown here");
    }
  });

  it("refuses networks that are none, and half of a pair for TLS", () => {
    expect(admin({ ADMIN_KEY: "k", ADMIN_ALLOW: "10.0.0.0/8, fe80::/10" })?.allow).toEqual([
      "10.0.0.0/8",
      "fe80::/10",
    ]);
    expect(problem({ ADMIN_ALLOW: "10.0.0.0/33" }).problems[0]?.setting).toBe("ADMIN_ALLOW");
    const file = import.meta.filename;
    const half = problem({ ADMIN_TLS_CERT_FILE: file }).problems;
    expect(half.map(({ setting }) => setting)).toEqual(["ADMIN_TLS_KEY_FILE"]);
    const lonely = problem({ ADMIN_TLS_CLIENT_CA_FILE: file }).problems;
    expect(lonely.map(({ setting }) => setting)).toEqual(["ADMIN_TLS_CERT_FILE"]);
  });
});

describe("the keyring", () => {
  it("is none where it is not set, and APISIX's own where that is asked for", () => {
    expect(readConfig(GOOD).keyring).toBeUndefined();
    const { keyring } = readEtcdConfig({
      DATA_ENCRYPTION_KEYRING: "an-own-key-of-16,apisix-default",
    });
    const warnings: string[] = [];
    const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
    const cipher = cipherOf(keyring, log);
    expect(warnings).toEqual([expect.stringContaining("built-in keys")]);
    const sealed = { plugins: { "key-auth": { key: "mt39FazQccyMqt4ctoRV7w==" } } };
    cipher.decrypt("consumers", "jack", sealed);
    expect(sealed).toEqual({ plugins: { "key-auth": { key: "userkey" } } });
    cipher.encrypt("consumers", "jack", sealed);
    const own = new Keyring(["an-own-key-of-16"]).encrypt("userkey");
    expect(sealed).toEqual({ plugins: { "key-auth": { key: own } } });
  });

  it("warns of a built-in key by its text, too, and of no other", () => {
    const warned = (keys: string[]) => {
      let count = 0;
      cipherOf(keys, { ...silentLog, warn: () => void count++ });
      return count;
    };
    expect([warned(["edd1c9f0985e76a2"]), warned(["an-own-key-of-16"])]).toEqual([1, 0]);
  });

  it.each(["short", "an-own-key-of-16,", "an-own-key-of-16,apisix", "ä".repeat(16)])(
    "is refused as %j",
    (keyring) => {
      const { problems } = problem({ DATA_ENCRYPTION_KEYRING: keyring });
      expect(problems).toEqual([
        expect.objectContaining({
          setting: "DATA_ENCRYPTION_KEYRING",
          found: expect.stringContaining("not shown"),
        }),
      ]);
    },
  );
});
