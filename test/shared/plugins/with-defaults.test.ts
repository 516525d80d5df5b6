import { describe, expect, it } from "vitest";
import { HTTP_PLUGIN_SCHEMAS } from "../../../shared/plugins/schemas/index.ts";
import { withDefaults } from "../../../shared/plugins/with-defaults.ts";

const filled = (plugin: string, configuration: object) =>
  withDefaults(HTTP_PLUGIN_SCHEMAS[plugin]?.schema ?? {}, configuration);

describe("the defaults of a schema", () => {
  it("stand where the configuration says nothing, and nowhere else", () => {
    expect(filled("key-auth", { header: "x-key" })).toEqual({
      header: "x-key",
      query: "apikey",
      hide_credentials: false,
      realm: "key",
    });
  });

  it("are filled in within objects and lists, but no object is made that has no default", () => {
    expect(filled("response-rewrite", { filters: [{ regex: "a", replace: "b" }] })).toMatchObject({
      filters: [{ regex: "a", replace: "b", scope: "once", options: "jo" }],
    });
    expect(filled("fault-injection", {})).toEqual({});
    expect(filled("request-id", {})).toMatchObject({ range_id: { length: 16 } });
  });

  it("of a branch are filled in where the branch is taken", () => {
    const local = filled("limit-count", { count: 1, time_window: 1 });
    expect(local).not.toHaveProperty("redis_port");
    const redis = filled("limit-count", {
      count: 1,
      time_window: 1,
      policy: "redis",
      redis_host: "r",
    });
    expect(redis).toMatchObject({ redis_port: 6379 });
  });

  it("leave the configuration itself as it is", () => {
    const configuration = Object.freeze({});
    filled("cors", configuration);
    expect(configuration).toEqual({});
  });
});
