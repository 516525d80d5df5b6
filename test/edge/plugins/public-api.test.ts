import { describe, expect, it } from "vitest";
import type { OwnPlugin } from "../../../edge/plugins/own-plugin.ts";
import { definePlugin } from "../../../edge/plugins/plugin.ts";
import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";

const schema: JsonSchema = { type: "object", properties: {} };

/** Two endpoints that tell what they were given. */
const teller: OwnPlugin = {
  name: "teller",
  priority: 1,
  schema,
  metadataSchema: { type: "object", properties: { word: { type: "string", default: "nothing" } } },
  plugin: definePlugin(() => ({
    build: () => ({}),
    apis: ["/apis/one", "/apis/below/*"].map((uri) => ({
      methods: ["GET"],
      uri,
      handle: async (exchange, metadata) => ({
        status: 200,
        body: { at: exchange.uri, endpoint: uri, metadata },
      }),
    })),
  })),
};

const NGINX_404 = /<center><h1>404 Not Found<\/h1><\/center>/;

describe("public-api", () => {
  it("answers 404 with nginx's page where no plugin has an endpoint at the path", async () => {
    const { get, seen, serve } = aPluginWorld({ own: [teller] });
    await serve({ "public-api": {} });
    const answer = await get("/r/apis/one");
    expect(answer.status).toBe(404);
    expect(await answer.text()).toMatch(NGINX_404);
    expect(seen).toEqual([]);
  });

  it("opens an endpoint under another path than its own", async () => {
    const { get, serve } = aPluginWorld({ own: [teller] });
    await serve({ "public-api": { uri: "/apis/one" } });
    const answer = await get("/r");
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      at: "/r",
      endpoint: "/apis/one",
      metadata: { word: "nothing" },
    });
  });

  it("opens an endpoint at its own path, and all below it where it says so", async () => {
    const { get, publish } = aPluginWorld({ own: [teller] });
    const plugins = { "public-api": {} };
    await publish({ routes: { r: { id: "r", uri: "/apis/*", plugins } } });
    expect((await get("/apis/one")).status).toBe(200);
    expect(await (await get("/apis/below/a/b")).json()).toMatchObject({ at: "/apis/below/a/b" });
    expect((await get("/apis/one/more")).status).toBe(404);
  });

  it("answers 404 for a method that the endpoint has not", async () => {
    const { get, serve } = aPluginWorld({ own: [teller] });
    await serve({ "public-api": { uri: "/apis/one" } });
    expect((await get("/r", { method: "POST" })).status).toBe(404);
  });

  it("hands the endpoint the metadata of its own plugin", async () => {
    const { get, serve } = aPluginWorld({ own: [teller] });
    const metadata = { teller: { id: "teller", word: "told" } };
    await serve({ "public-api": { uri: "/apis/one" } }, { plugin_metadata: metadata });
    expect(await (await get("/r")).json()).toMatchObject({ metadata: { word: "told" } });
  });
});
