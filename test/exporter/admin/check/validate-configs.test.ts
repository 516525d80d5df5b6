import { describe, expect, it } from "vitest";
import { EVERY_PLUGIN } from "../../../../exporter/admin/check/enabled-plugins.ts";
import { validateConfigs } from "../../../../exporter/admin/check/validate-configs.ts";
import { validateSchema } from "../../../../exporter/admin/check/validate-schema.ts";

describe("validating a whole configuration", () => {
  const validate = (configs: Record<string, unknown>) => validateConfigs(configs, EVERY_PLUGIN);
  const upstream = { id: "u", nodes: {} };

  it("tells each wrong resource once, with its place", async () => {
    const faults = await validate({
      upstreams: [upstream, { id: "v" }, { nodes: 5 }],
      routes: [{ id: "r", uri: "/", upstream_id: "elsewhere" }],
    });
    const error = "invalid configuration: value should match only one schema, but matches none";
    expect(faults).toEqual([
      { resource_type: "upstreams", resource_id: "v", index: 1, error },
      {
        resource_type: "upstreams",
        index: 2,
        error:
          'invalid configuration: property "nodes" validation failed: ' +
          "object matches none of the required",
      },
    ]);
  });

  it("lets others have their turn between the items of a long list", async () => {
    let hadTurn = false;
    setImmediate(() => {
      hadTurn = true;
    });
    const upstreams = Array.from({ length: 1000 }, (_, i) => ({ id: `u${i}`, nodes: {} }));
    expect(await validate({ upstreams })).toEqual([]);
    expect(hadTurn).toBe(true);
  });

  it("tells an id that is there twice", async () => {
    const error = "found duplicate id u in upstreams";
    expect(await validate({ upstreams: [upstream, upstream] })).toEqual([
      { resource_type: "upstreams", resource_id: "u", index: 1, error },
    ]);
  });

  it("knows credentials among consumers, metadata by plugin, secrets by manager", async () => {
    const good = {
      consumers: [
        { username: "jack" },
        { id: "jack/credentials/c1", plugins: { "key-auth": { key: "k" } } },
      ],
      plugin_metadata: [{ id: "cors", modifiedIndex: 5 }],
      secrets: [{ id: "vault/1", uri: "http://v", prefix: "p", token: "t" }],
      routes_conf_version: 7,
      nonsense: [1],
      services: {},
    };
    expect(await validate(good)).toEqual([]);
    const bad = {
      consumers: [{ id: "jack/credentials/c1", plugins: { cors: {} } }],
      plugin_metadata: [{ id: "nope" }],
      secrets: [{ id: "nope/1" }, 5],
      services: "x",
    };
    expect((await validate(bad)).map(({ error }) => error)).toEqual([
      "only supports auth type plugins in consumer credential",
      "invalid plugin name",
      "invalid secret manager: nope",
      "invalid configuration: wrong type: expected object, got number",
      "invalid configuration: wrong type: expected array, got string",
    ]);
  });
});

describe("validating by a schema alone", () => {
  it("looks at no plugin, and leaves the value as it is", () => {
    const route = { uri: "/", plugins: { nope: {} } };
    expect(validateSchema("routes", route)).toBeUndefined();
    expect(route).toEqual({ uri: "/", plugins: { nope: {} } });
  });

  it("knows the kinds that have one", () => {
    expect(validateSchema("nope", {})).toMatchObject({ status: 404 });
    expect(validateSchema("secrets", {})?.error_msg).toBe("not found schema: secrets");
    expect(validateSchema("routes", undefined)?.error_msg).toBe("missing configurations");
    expect(validateSchema("routes", 5)?.error_msg).toBe("wrong type: expected object, got number");
  });
});
