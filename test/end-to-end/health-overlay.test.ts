import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningEdge, startEdge } from "../../examples/quick-start/edge.ts";
import { decodeOverlay, HEALTH_OVERLAY_NAMES } from "../../shared/health/overlay.ts";
import { overlayBytes, someChecks } from "../support/checked-world.ts";
import { anUpstream, aRoute, makeSnapshot } from "../support/snapshots.ts";
import { eventually, type Stack, startStack } from "../support/stack.ts";
import { startUpstream } from "../support/upstream.ts";

/** The edge on workerd with a real bucket, into which the test writes what an exporter would. */
describe("an edge whose bucket has a health overlay", () => {
  const { exporter: EXPORTERS, edge: EDGES } = HEALTH_OVERLAY_NAMES;
  const KEY = "upstreams/1";
  let edge: RunningEdge;
  let s3: S3Client;
  let one: Awaited<ReturnType<typeof startUpstream>>;
  let two: Awaited<ReturnType<typeof startUpstream>>;

  beforeAll(async () => {
    [one, two] = await Promise.all([startUpstream("one"), startUpstream("two")]);
    edge = await startEdge({
      port: 0,
      storePort: 0,
      bindings: {
        REFRESH_INTERVAL_MS: "0",
        STATUS_TOKEN: "t",
        HEALTH_CHECKS: "left",
        HEALTH_CHECK_SECONDS: "6",
        HEALTH_CHECK_PROBES: "100",
      },
    });
    const { endpoint, accessKeyId, secretAccessKey } = edge.store;
    const credentials = { accessKeyId, secretAccessKey };
    s3 = new S3Client({ endpoint, region: "auto", credentials, forcePathStyle: true });
    await publish([one.node, two.node]);
  });
  afterAll(async () => {
    s3.destroy();
    await edge.stop();
    await one.stop();
    await two.stop();
  });

  const object = (name: string) => ({ Bucket: edge.store.bucket, Key: `default/${name}` });
  const write = (name: string, bytes: Uint8Array) =>
    s3.send(new PutObjectCommand({ ...object(name), Body: bytes }));
  const read = async (name: string) => {
    const answer = await s3.send(new GetObjectCommand(object(name)));
    return (await answer.Body?.transformToByteArray()) as Uint8Array;
  };

  let generation = 0;
  async function publish(nodes: readonly string[]) {
    generation += 1;
    const upstreams = { "1": anUpstream(nodes, { checks: someChecks() }) };
    const routes = { r: aRoute("r", { uri: "/r", upstream_id: "1" }) };
    const { objects } = await makeSnapshot({ upstreams, routes }, { generation, checked: 1 });
    for (const [name, bytes] of objects) await write(name, bytes);
  }

  /** Which upstreams answer ten requests, the first of which lets the edge look. */
  async function answering(): Promise<string[]> {
    const names = new Set<string>();
    for (let i = 0; i < 10; i++) {
      const answer = await fetch(`${edge.url}/r`);
      const { upstream } = (await answer.json()) as { upstream: string };
      if (i > 0) names.add(upstream);
    }
    return [...names].sort();
  }

  const status = async () => {
    const headers = { authorization: "Bearer t" };
    const answer = await fetch(`${edge.url}/snapgate/status`, { headers });
    return (await answer.json()) as { generation: number; health: { overlays: unknown[] } };
  };

  it("leaves a dead node out, and takes it back, within one generation", async () => {
    await eventually(async () => expect(await answering()).toEqual(["one", "two"]));
    await write(EXPORTERS, overlayBytes(Date.now(), { [KEY]: [one.node] }));
    await eventually(async () => expect(await answering()).toEqual(["two"]));
    const { health } = await status();
    expect(health).toMatchObject({
      overlays: [{ writer: "exporter", outcome: "read", isFresh: true, nodesDown: 1 }],
      takenOutByRequests: 0,
    });
    await write(EXPORTERS, overlayBytes(Date.now()));
    await eventually(async () => expect(await answering()).toEqual(["one", "two"]));
    expect((await status()).generation).toBe(generation);
  });

  it("uses all nodes where all are called dead, and where the overlay is damaged", async () => {
    await write(EXPORTERS, overlayBytes(Date.now(), { [KEY]: [one.node, two.node] }));
    await eventually(async () => {
      expect(await answering()).toEqual(["one", "two"]);
      expect((await status()).health.overlays).toMatchObject([{ nodesDown: 2 }]);
    });
    await write(EXPORTERS, overlayBytes(Date.now(), { [KEY]: [one.node] }));
    await eventually(async () => expect(await answering()).toEqual(["two"]));
    await write(EXPORTERS, new TextEncoder().encode('{"format":1,"down":'));
    await eventually(async () => expect(await answering()).toEqual(["one", "two"]));
  });

  it("probes on its cron trigger what is left to it, and leaves out what it finds dead", async () => {
    const doomed = await startUpstream("doomed");
    await publish([one.node, doomed.node]);
    await write(EXPORTERS, overlayBytes(Date.now(), {}, { leftToEdge: [KEY] }));
    await eventually(async () => expect(await answering()).toEqual(["doomed", "one"]));
    await doomed.stop();
    expect(await edge.runCron()).toBe("ok");
    const overlay = decodeOverlay(await read(EDGES), EDGES);
    expect(overlay).toMatchObject({ down: { [KEY]: [doomed.node] }, validSeconds: 150 });
    await eventually(async () => {
      expect(await answering()).toEqual(["one"]);
      expect((await status()).health.overlays).toMatchObject([
        { writer: "exporter" },
        { writer: "edge", nodesDown: 1 },
      ]);
    });
  });
});

/** The whole path: a node dies, the exporter or the edge's job finds it, requests go elsewhere. */
describe("a node that dies behind a whole stack", () => {
  let stack: Stack;
  let one: Awaited<ReturnType<typeof startUpstream>>;

  beforeAll(async () => {
    [stack, one] = await Promise.all([
      startStack({
        edge: { HEALTH_CHECKS: "left", HEALTH_CHECK_SECONDS: "4", HEALTH_CHECK_PROBES: "100" },
      }),
      startUpstream("one"),
    ]);
  });
  afterAll(async () => {
    await stack.stop();
    await one.stop();
  });

  /** A route to two nodes, the second of which is dead a moment later; a refused request is not retried. */
  async function routeToDeadNode(id: string, labels: object): Promise<void> {
    const doomed = await startUpstream("doomed");
    const checks = { active: { healthy: {}, unhealthy: { tcp_failures: 2 } } };
    const nodes = { [one.node]: 1, [doomed.node]: 1 };
    await stack.put(`upstreams/${id}`, { nodes, retries: 0, checks, labels });
    await stack.put(`routes/${id}`, { uri: `/${id}`, upstream_id: id });
    await stack.served(`/${id}`);
    await doomed.stop();
    expect(await statuses(id)).toEqual(new Set([200, 502]));
  }

  async function statuses(id: string): Promise<Set<number>> {
    const found = new Set<number>();
    for (let i = 0; i < 10; i++) found.add((await stack.get(`/${id}`)).status);
    return found;
  }

  it("gets no request any more once the exporter has found it", async () => {
    await routeToDeadNode("probed", {});
    await eventually(async () => expect(await statuses("probed")).toEqual(new Set([200])));
  });

  it("gets none once the edge's job has found what the exporter leaves to it", async () => {
    await routeToDeadNode("left", { "snapgate/checks": "edge" });
    // Until the exporter has said what it leaves, a run finds nothing to do.
    await eventually(async () => {
      expect(await stack.edge.runCron()).toBe("ok");
      expect(await statuses("left")).toEqual(new Set([200]));
    });
    expect(await stack.edgeStatus()).toMatchObject({
      health: { overlays: [{ writer: "exporter" }, { writer: "edge", isFresh: true }] },
    });
  });
});
