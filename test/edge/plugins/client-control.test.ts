import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";
import { anUpstream, aRoute } from "../../support/snapshots.ts";

/** A body that tells no length. */
function pieces(sizes: readonly number[]): ReadableStream<Uint8Array> {
  const waiting = sizes.values();
  return new ReadableStream({
    pull(controller) {
      const next = waiting.next();
      if (next.done) controller.close();
      else controller.enqueue(new Uint8Array(next.value).fill(0x61));
    },
  });
}

const KIB = 1024;

describe("client-control", () => {
  it.each([
    [10, 200],
    [11, 413],
  ])("answers a body of %i bytes where 10 are allowed with %i", async (size, status) => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "client-control": { max_body_size: 10 } });
    const headers = { "content-length": String(size) };
    const answer = await get("/r", { method: "POST", body: "a".repeat(size), headers });
    expect(answer.status).toBe(status);
    expect(seen.map(({ body }) => body.length)).toEqual(status === 200 ? [size] : []);
  });

  it("answers with nginx's page", async () => {
    const { get, serve } = aPluginWorld();
    await serve({ "client-control": { max_body_size: 1 } });
    const headers = { "content-length": "2" };
    const answer = await get("/r", { method: "POST", body: "ab", headers });
    expect(await answer.text()).toContain("<h1>413 Request Entity Too Large</h1>");
  });

  it.each([
    ["within a small limit", 10, [4, 6], 200, [10]],
    ["beyond a small limit", 10, [4, 7], 413, []],
    ["within a large limit", 100 * KIB, [60 * KIB, 40 * KIB], 200, [100 * KIB]],
    ["beyond a large limit", 100 * KIB, [60 * KIB, 41 * KIB], 413, []],
    ["without a limit", 0, [200 * KIB], 200, [200 * KIB]],
  ])("holds a body without a length to it: %s", async (_, limit, sizes, status, got) => {
    const { get, seen, serve } = aPluginWorld();
    await serve({ "client-control": { max_body_size: limit } });
    const answer = await get("/r", { method: "POST", body: pieces(sizes) });
    expect(answer.status).toBe(status);
    expect(seen.map(({ body }) => body.length)).toEqual(got);
  });

  it("stops other plugins that read a body beyond a large limit", async () => {
    const { get, serve } = aPluginWorld();
    await serve({
      "client-control": { max_body_size: 100 * KIB },
      "request-validation": { body_schema: {} },
    });
    const answer = await get("/r", { method: "POST", body: pieces([200 * KIB]) });
    expect(answer.status).toBe(413);
  });

  it("holds a body to the lower of two limits, also where a condition had it read before", async () => {
    const { get, publish } = aPluginWorld();
    const plugins = { "client-control": { max_body_size: 100 * KIB } };
    const vars = [["post_arg_aa", "==", "1"]];
    const upstream = anUpstream(["u.test:80"]);
    await publish({
      routes: { r: aRoute("r", { uri: "/r", upstream, plugins, vars }) },
      global_rules: { g: { plugins: { "client-control": { max_body_size: 200 * KIB } } } },
    });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const sent = (size: number) =>
      get("/r", { method: "POST", headers: form, body: `aa=1&b=${"b".repeat(size)}` });
    expect((await sent(90 * KIB)).status).toBe(200);
    expect((await sent(110 * KIB)).status).toBe(413);
  });
});
