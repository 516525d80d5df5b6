import { describe, expect, it } from "vitest";
import {
  KIND_NAMES,
  parseResourceKey,
  resourceKey,
} from "../../../shared/resources/resource-key.ts";

describe("a key below the prefix", () => {
  it.each([
    ["routes/1", "routes", "1"],
    ["routes/00000000000000000042", "routes", "00000000000000000042"],
    ["services/a.b-c_d", "services", "a.b-c_d"],
    ["upstreams/ü", "upstreams", "ü"],
    ["plugin_metadata/http-logger", "plugin_metadata", "http-logger"],
    ["consumers/jack", "consumers", "jack"],
    ["consumers/credentials", "consumers", "credentials"],
    ["consumers/jack/credentials/c1", "credentials", "jack/credentials/c1"],
    [
      "consumers/credentials/credentials/credentials",
      "credentials",
      "credentials/credentials/credentials",
    ],
    ["secrets/vault/1", "secrets", "vault/1"],
    ["stream_routes/1", "stream_routes", "1"],
  ])("%s is a resource", (key, kind, id) => {
    expect(parseResourceKey(key)).toEqual({ is: "resource", kind, id });
  });

  it.each([
    "routes/",
    "consumers/",
    "plugins/",
    "plugins",
    "gen_id",
    "data_plane/server_info/7b7ff4a8",
    "services/s/graphql_cost_decorations/1",
  ])("%s is passed over", (key) => {
    expect(parseResourceKey(key)).toMatchObject({
      is: "skipped",
      why: expect.stringMatching(/\w/),
    });
  });

  it.each([
    "",
    "routes",
    "route/1",
    "routes_x/1",
    "Routes/1",
    "routes/a/b",
    "credentials/c1",
    "consumers/jack/c1",
    "consumers/jack/credentials",
    "consumers//credentials/c1",
    "consumers/jack/credentials/a/b",
    "secrets/vault",
    "secrets//1",
    "secrets/vault/1/2",
    "services/s/graphql_cost_decoration/1",
    "constructor/1",
    "__proto__/1",
  ])("%j is nothing that APISIX reads", (key) => {
    expect(parseResourceKey(key).is).toBe("unknown");
  });

  it("is made again from kind and id", () => {
    for (const key of [
      "routes/1",
      "consumers/jack",
      "consumers/jack/credentials/c1",
      "secrets/aws/x",
    ]) {
      const parsed = parseResourceKey(key);
      if (parsed.is !== "resource") throw new Error(key);
      expect(resourceKey(parsed.kind, parsed.id)).toBe(key);
    }
  });
});

it("there are thirteen kinds", () => {
  expect(new Set(KIND_NAMES).size).toBe(13);
});
