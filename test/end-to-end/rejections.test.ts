import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Stack, startStack } from "../support/stack.ts";
import { startUpstream } from "../support/upstream.ts";

const ROUTES = 1000;
const BAD = 500;

/** Bad data never takes good data down (invariant 5), on the whole path. */
describe("one bad route among 1,000", () => {
  let stack: Stack;
  let upstream: Awaited<ReturnType<typeof startUpstream>>;

  beforeAll(async () => {
    const options = { withoutExporter: true };
    [stack, upstream] = await Promise.all([startStack(options), startUpstream()]);
    const client = new Etcd3({ hosts: stack.etcd.endpoint });
    for (let start = 0; start < ROUTES; start += 100) {
      const puts = Array.from({ length: 100 }, (_, i) =>
        client.put(`/apisix/routes/r${start + i}`).value(JSON.stringify(route(start + i))),
      );
      await client
        .if("/none", "Version", "==", 0)
        .then(...puts)
        .commit();
    }
    client.close();
    stack.startExporter();
  });
  afterAll(async () => {
    await stack.stop();
    await upstream.stop();
  });

  const route = (i: number) => ({
    uri: `/r${i}`,
    upstream: { nodes: { [upstream.node]: i === BAD ? "heavy" : 1 } },
  });

  it("leaves 999 live", async () => {
    await stack.served("/r0");
    for (const i of [1, 499, 501, 999]) expect((await stack.get(`/r${i}`)).status).toBe(200);
    expect((await stack.get(`/r${BAD}`)).status).toBe(404);
  });

  it("is one rejection with its remedy in the status", async () => {
    const { rejections } = (await stack.status()) as {
      rejections: { total: number; list: Record<string, string>[] };
    };
    expect(rejections.total).toBe(1);
    expect(rejections.list[0]).toMatchObject({ key: `/apisix/routes/r${BAD}` });
    for (const field of ["path", "found", "wanted", "remedy"]) {
      expect(rejections.list[0]?.[field], field).toMatch(/\w/);
    }
  });

  it("is counted in the metrics", async () => {
    const metrics = await (await fetch(`${stack.statusUrl}/metrics`)).text();
    expect(metrics).toMatch(/^snapgate_rejections(\{[^}]*\})? 1$/m);
  });

  it("goes live as soon as it is mended, and a later bad value does not take it away", async () => {
    await stack.put(`routes/r${BAD}`, { ...route(1), uri: `/r${BAD}` });
    await stack.served(`/r${BAD}`);
    await stack.put(`routes/r${BAD}`, "not json");
    await eventually(async () => {
      const { rejections } = (await stack.status()) as { rejections: { total: number } };
      expect(rejections.total).toBe(1);
    });
    await stack.put("routes/after", { uri: "/after", upstream: { nodes: { [upstream.node]: 1 } } });
    await stack.served("/after");
    expect((await stack.get(`/r${BAD}`)).status).toBe(200);
  });

  it("keeps its last valid value across an exporter restart", async () => {
    await stack.killExporter();
    stack.startExporter();
    const upstreamNode = { nodes: { [upstream.node]: 1 } };
    await stack.put("routes/again", { uri: "/again", upstream: upstreamNode });
    await stack.served("/again");
    expect((await stack.get(`/r${BAD}`)).status).toBe(200);
  });
});
