import { describe, expect, it } from "vitest";
import { fieldCipher, type JsonObject } from "../../../exporter/encryption/field-cipher.ts";
import { Keyring } from "../../../exporter/encryption/keyring.ts";
import type { KindName } from "../../../shared/resources/resource-key.ts";

const ring = new Keyring(["edd1c9f0985e76a2"]);
const cipher = fieldCipher(ring);
const sealed = (text: string) => ring.encrypt(text);
const PEM = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n";

function encrypted(kind: KindName, value: JsonObject, id = "1"): JsonObject {
  const stored = structuredClone(value);
  cipher.encrypt(kind, id, stored);
  const read = structuredClone(stored);
  cipher.decrypt(kind, id, read);
  expect(read).toEqual(value);
  return stored;
}

describe("the fields that are encrypted at rest", () => {
  it("are a consumer's by the consumer schema of its plugin, a route's by the other one", () => {
    const plugins = { "key-auth": { key: "userkey" } };
    expect(encrypted("consumers", { plugins })).toEqual({
      plugins: { "key-auth": { key: "mt39FazQccyMqt4ctoRV7w==" } },
    });
    expect(encrypted("credentials", { plugins }, "jack/credentials/c")).toEqual({
      plugins: { "key-auth": { key: "mt39FazQccyMqt4ctoRV7w==" } },
    });
    expect(encrypted("routes", { plugins })).toEqual({ plugins });
  });

  it("are found through lists and maps, as texts, lists of texts and maps of texts", () => {
    const kafka = { brokers: [{ sasl_config: { password: "p", user: "u" } }, { host: "h" }, 5] };
    expect(encrypted("global_rules", { plugins: { "kafka-logger": kafka } })).toEqual({
      plugins: {
        "kafka-logger": {
          brokers: [{ sasl_config: { password: sealed("p"), user: "u" } }, { host: "h" }, 5],
        },
      },
    });
    const ai = { auth: { header: { Authorization: "Bearer x" } } };
    expect(encrypted("routes", { plugins: { "ai-proxy": ai } })).toEqual({
      plugins: { "ai-proxy": { auth: { header: { Authorization: sealed("Bearer x") } } } },
    });
  });

  it("are the private keys of TLS objects and upstreams, once", () => {
    const ssl = { cert: "c", key: PEM, keys: [PEM, PEM] };
    const stored = encrypted("ssls", ssl);
    expect(stored).toEqual({ cert: "c", key: sealed(PEM), keys: [sealed(PEM), sealed(PEM)] });
    const again = structuredClone(stored);
    cipher.encrypt("ssls", "1", again);
    expect(again).toEqual(stored);
    const tls = { client_cert: "c", client_key: PEM };
    expect(encrypted("upstreams", { tls, key: "remote_addr" })).toEqual({
      tls: { client_cert: "c", client_key: sealed(PEM) },
      key: "remote_addr",
    });
    expect(encrypted("services", { upstream: { tls } })).toEqual({
      upstream: { tls: { client_cert: "c", client_key: sealed(PEM) } },
    });
  });

  it("are left alone where the value is of another shape, and by names that are none", () => {
    const plugins = { "key-auth": 5, constructor: { key: "x" }, toString: {}, "basic-auth": [] };
    expect(encrypted("consumers", { plugins })).toEqual({ plugins });
    expect(encrypted("consumers", { plugins: ["key-auth"] })).toEqual({ plugins: ["key-auth"] });
    expect(encrypted("plugin_metadata", { key: "x" }, "constructor")).toEqual({ key: "x" });
    expect(encrypted("ssls", { keys: { a: 1 } })).toEqual({ keys: { a: 1 } });
  });
});
