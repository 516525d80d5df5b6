import { describe, expect, it } from "vitest";
import { aPluginWorld, type PluginWorldOptions } from "../../../support/plugin-world.ts";

const ID = { name: "id", in: "path", required: true, schema: { type: "integer" } };
const DOCUMENT = {
  openapi: "3.0.3",
  paths: { "/r/pets/{id}": { get: { parameters: [ID] } } },
};

describe("a document that is fetched", () => {
  const URL = "https://specs.test/pets.json";

  async function aFetching(answers: () => Response | Promise<Response>, settings: object = {}) {
    const asked: Headers[] = [];
    const fetch: typeof globalThis.fetch = async (_url, init) => {
      asked.push(new Headers(init?.headers));
      return answers();
    };
    const options: PluginWorldOptions = { deps: { fetch } };
    const world = aPluginWorld(options);
    const spec = { spec_url: URL, ...settings };
    await world.serve(
      { "oas-validator": spec },
      { plugin_metadata: { "oas-validator": { spec_url_ttl: 60 } } },
    );
    return { ...world, asked };
  }

  const fine = () => Response.json(DOCUMENT);

  it("is asked for once in its time, with the headers of the configuration", async () => {
    const { asked, clock, get } = await aFetching(fine, {
      spec_url_request_headers: { authorization: "Bearer x" },
    });
    const both = await Promise.all([get("/r/pets/1"), get("/r/pets/x")]);
    expect(both.map(({ status }) => status)).toEqual([200, 400]);
    expect(asked.map((headers) => headers.get("authorization"))).toEqual(["Bearer x"]);
    clock.now += 59_999;
    await get("/r/pets/1");
    expect(asked.length).toBe(1);
    clock.now += 1;
    await get("/r/pets/1");
    expect(asked.length).toBe(2);
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ["an error", () => new Response("", { status: 404 })],
    ["a redirect", () => new Response(null, { status: 302, headers: { location: "/" } })],
    ["nothing", () => Promise.reject(new Error("refused"))],
    ["no document", () => new Response("x")],
  ])("that comes as %s answers 500, and is asked for again", async (_, answers) => {
    const { asked, get } = await aFetching(answers);
    expect([(await get("/r/pets/1")).status, (await get("/r/pets/1")).status]).toEqual([500, 500]);
    expect(asked.length).toBe(2);
  });

  it("that does not come in time answers 500", async () => {
    const { get } = await aFetching(() => new Promise<Response>(() => {}), { timeout: 1000 });
    expect((await get("/r/pets/1")).status).toBe(500);
  });

  it("that another request's end has cut off is waited for no longer than a time-out", async () => {
    let asked = 0;
    // Of a request that the platform has ended neither fetches nor timers are heard of again.
    const fetch = () => (asked++ === 0 ? new Promise<Response>(() => {}) : Promise.resolve(fine()));
    const waits: (() => void)[] = [];
    const after = (_ms: number, late: () => void) => {
      waits.push(late);
      return () => undefined;
    };
    const { get, serve } = aPluginWorld({ deps: { fetch, timers: { after } } });
    await serve({ "oas-validator": { spec_url: URL } });
    void get("/r/pets/1");
    await expect.poll(() => waits.length).toBe(1);
    const waiting = get("/r/pets/1");
    await expect.poll(() => waits.length).toBe(2);
    waits[1]?.();
    expect((await waiting).status).toBe(500);
    expect((await get("/r/pets/1")).status).toBe(200);
  });

  it("is used beyond its time while there is no newer one", async () => {
    let isDown = false;
    const { clock, get, log } = await aFetching(() =>
      isDown ? new Response("", { status: 500 }) : fine(),
    );
    expect((await get("/r/pets/1")).status).toBe(200);
    isDown = true;
    clock.now += 100_000;
    expect([(await get("/r/pets/1")).status, (await get("/r/pets/x")).status]).toEqual([200, 400]);
    expect(log.join()).toContain("goes on with an old document");
  });
});
