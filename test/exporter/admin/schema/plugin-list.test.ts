import { describe, expect, it } from "vitest";
import {
  ENABLED_BY_DEFAULT,
  EVERY_PLUGIN,
} from "../../../../exporter/admin/check/enabled-plugins.ts";
import { listPlugins, showPlugins } from "../../../../exporter/admin/schema/plugin-list.ts";
import {
  RESOURCE_SCHEMAS,
  resourceSchema,
} from "../../../../exporter/admin/schema/resource-schemas.ts";

describe("the list of plugins", () => {
  it("has the enabled ones, the highest priority first", () => {
    const names = listPlugins("http", ENABLED_BY_DEFAULT.http);
    expect(names.slice(0, 4)).toEqual(["real-ip", "ai", "client-control", "proxy-buffering"]);
    expect(names.at(-1)).toBe("ext-plugin-post-resp");
    expect(names).not.toContain("brotli");
    expect(listPlugins("http", EVERY_PLUGIN.http)).toHaveLength(120);
    expect(listPlugins("stream", EVERY_PLUGIN.stream)[0]).toBe("ip-restriction");
  });

  it("shows what a console needs of each", () => {
    const {
      "key-auth": keyAuth,
      cors,
      "node-status": status,
    } = showPlugins("http", EVERY_PLUGIN.http);
    expect(keyAuth).toMatchObject({ priority: 2500, version: 0.1, type: "auth" });
    expect(keyAuth?.consumer_schema).toMatchObject({ required: ["key"], encrypt_fields: ["key"] });
    expect(keyAuth?.schema.properties).toHaveProperty("_meta.properties.filter");
    expect(cors).not.toHaveProperty("type");
    expect(cors).toHaveProperty("metadata_schema.properties.allow_origins");
    expect(status).toMatchObject({ scope: "global" });
  });

  it("is JSON as it stands", () => {
    const shown = showPlugins("http", EVERY_PLUGIN.http);
    expect(JSON.parse(JSON.stringify(shown))).toEqual(shown);
    expect(JSON.parse(JSON.stringify(RESOURCE_SCHEMAS))).toEqual(RESOURCE_SCHEMAS);
  });
});

describe("the schema of a kind", () => {
  it("goes by its singular, and by nothing else", () => {
    expect(resourceSchema("route")).toHaveProperty("properties.uri");
    expect(resourceSchema("plugin_config")).toMatchObject({ required: ["id", "plugins"] });
    expect(resourceSchema("routes")).toBeUndefined();
    expect(resourceSchema("constructor")).toBeUndefined();
  });
});
