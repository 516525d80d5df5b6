import { describe, expect, it } from "vitest";
import { createSecretResolver, readManagedSecrets, withSecrets } from "../../edge/secrets.ts";
import { isSetting, readSettings, SettingsError } from "../../edge/settings.ts";

/** As the Worker makes it of its bindings. */
function resolving(bindings: Readonly<Record<string, unknown>>) {
  const problems: string[] = [];
  const managed = readManagedSecrets(bindings, problems);
  expect(problems).toEqual([]);
  return createSecretResolver({ bindings, managed, isSetting });
}

describe("a reference", () => {
  const jack = { key: "k", password: "", retries: 3, strict: false, tags: ["a"], none: null };
  const bindings = {
    JACK_KEY: "k1",
    EMPTY: "",
    SPACES: "  ",
    NUMBER: 7,
    BUCKET: { get: "secret" },
    JACK: JSON.stringify(jack),
    LIST: '["first"]',
    TEXT: '"text"',
    BROKEN: '{"key": ',
    S3_SECRET_ACCESS_KEY: "of the bucket",
    SECONDARY_S3_SECRET_ACCESS_KEY: "of the other",
    STATUS_TOKEN: '{"key": "t"}',
    SECRETS: JSON.stringify({
      "vault/1": { "jack/key": "k2", "jack/deep/er": "k3", port: 8200, on: true },
      "aws/main": { "jack/key": "k4" },
    }),
  };

  it.each([
    ["$env://JACK_KEY", "k1"],
    ["$ENV://JACK_KEY", "k1"],
    ["$Env://JACK_KEY/", "k1"],
    ["$env://SPACES", "  "],
    ["$env://JACK/key", "k"],
    ["$env://JACK/retries", "3"],
    ["$env://JACK/strict", "false"],
    ["$secret://vault/1/jack/key", "k2"],
    ["$secret://vault/1/jack/deep/er", "k3"],
    ["$secret://vault/1/port", "8200"],
    ["$secret://vault/1/on", "true"],
    ["$secret://aws/main/jack/key", "k4"],
  ])("%s stands for %j", (reference, value) => {
    const resolve = resolving(bindings);
    expect(resolve(reference)).toBe(value);
    expect(resolve(reference)).toBe(value);
  });

  it.each([
    ["of no variable", "$env://NOBODY"],
    ["with another case", "$env://jack_key"],
    ["of an empty variable", "$env://EMPTY"],
    ["of a variable that is no text", "$env://NUMBER"],
    ["of a binding", "$env://BUCKET"],
    ["of what a binding has", "$env://BUCKET/get"],
    ["of what every object has", "$env://constructor"],
    ["of what every object of JSON has", "$env://JACK/toString"],
    ["without a name", "$env://"],
    ["of an empty field", "$env://JACK/password"],
    ["of a field that is null", "$env://JACK/none"],
    ["of a field that is a list", "$env://JACK/tags"],
    ["of a field below a field", "$env://JACK/key/deeper"],
    ["into a list", "$env://LIST/0"],
    ["into a text", "$env://TEXT/length"],
    ["into what is no JSON", "$env://BROKEN/key"],
    ["of the Worker's own secrets", "$env://S3_SECRET_ACCESS_KEY"],
    ["of those of its second bucket", "$env://SECONDARY_S3_SECRET_ACCESS_KEY"],
    ["into its own secrets", "$env://STATUS_TOKEN/key"],
    ["around the managers", "$env://SECRETS"],
    ["of an unknown path", "$secret://vault/1/jack"],
    ["of an unknown store", "$secret://vault/2/jack/key"],
    ["without a path", "$secret://vault/1/"],
    ["with another case of the manager", "$SECRET://vault/1/jack/key"],
    ["that is none", "JACK_KEY"],
  ])("%s stands for nothing: %s", (_, reference) => {
    expect(resolving(bindings)(reference)).toBeUndefined();
  });

  it("stands for nothing of a manager where SECRETS is not set", () => {
    expect(resolving({})("$secret://vault/1/jack/key")).toBeUndefined();
  });
});

describe("a configuration", () => {
  const resolve = resolving({ A: "a", B: "b" });

  it("gets what its references stand for, at any depth", () => {
    const config = { key: "$env://A", list: [{ of: "$env://B" }, 1, null], more: { is: true } };
    expect(withSecrets(config, resolve)).toEqual({
      key: "a",
      list: [{ of: "b" }, 1, null],
      more: { is: true },
    });
  });

  it.each([
    [{ key: "$env://A", secret: "$env://C" }],
    [{ deep: { er: ["$env://C"] } }],
    ["$secret://vault/1/a"],
  ])("is none where one of them stands for nothing: %j", (config) => {
    expect(withSecrets(config, resolve)).toBeUndefined();
  });

  it("may keep the text of such a reference, as APISIX does on routes", () => {
    const kept = withSecrets({ a: "$env://A", c: "$env://C" }, (text) => resolve(text) ?? text);
    expect(kept).toEqual({ a: "a", c: "$env://C" });
  });
});

describe("the setting SECRETS", () => {
  const read = (SECRETS: unknown) => readSettings({ SNAPSHOTS: { get: null }, SECRETS });

  it("is an object, as wrangler.toml may have it, or its text", () => {
    const written = { "vault/1": { "jack/key": "k" } };
    const wanted = new Map([["vault/1", new Map([["jack/key", "k"]])]]);
    expect(read(written).managedSecrets).toEqual(wanted);
    expect(read(JSON.stringify(written)).managedSecrets).toEqual(wanted);
    expect(read("").managedSecrets).toEqual(new Map());
  });

  it.each([
    ["hush", "SECRETS: want a JSON object"],
    ["[]", "SECRETS: want a JSON object"],
    [{ vault: { a: "hush" } }, 'SECRETS: "vault": want <manager>/<id>'],
    [{ "vault/1/a": { b: "hush" } }, 'SECRETS: "vault/1/a": want <manager>/<id>'],
    [{ "vault/1": "hush" }, 'SECRETS: "vault/1": want an object of paths'],
    [{ "vault/1": { a: { b: "hush" } } }, 'SECRETS: "vault/1": "a": want a text'],
    [{ "vault/1": { a: "" } }, 'SECRETS: "vault/1": "a": want a text'],
  ])("is refused as %j, without telling what is secret", (written, message) => {
    let said = "";
    try {
      read(written);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      said = error.message;
    }
    expect(said).toContain(message);
    expect(said).not.toContain("hush");
  });
});
