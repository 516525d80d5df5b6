import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Stack, startStack } from "../support/stack.ts";
import { startUpstream } from "../support/upstream.ts";

const COPIES = 3;
const CLIENTS = 20;
const REQUESTS_EACH = 15;
const LIMIT = 137;
const REDIS = { policy: "redis", redis_host: "redis.invalid" };
const MINUTES = 10 * 60;

/** Limits over several isolates of workerd, each with its own memory, from etcd to the answers. */
describe("a limit over several isolates", () => {
  let stack: Stack;
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  let edges: readonly string[];

  beforeAll(async () => {
    upstream = await startUpstream();
    stack = await startStack({ edgeCopies: COPIES });
    edges = [stack.edge.url, ...stack.edge.copyUrls];
    expect(new Set(edges).size).toBe(1 + COPIES);
  });
  afterAll(async () => {
    await stack?.stop();
    await upstream?.stop();
  });

  /** A route below `/id` with one plugin, served by every isolate; paths but `/id/x` are free of it. */
  async function serve(id: string, plugins: object): Promise<void> {
    const nodes = { [upstream.node]: 1 };
    await stack.put(`routes/${id}`, { uri: `/${id}/x`, plugins, upstream: { nodes } });
    await stack.put(`routes/${id}-ready`, { uri: `/${id}/ready`, upstream: { nodes } });
    for (const edge of edges) {
      await eventually(async () => {
        const answer = await fetch(`${edge}/${id}/ready`);
        await answer.text();
        expect(answer.status).toBe(200);
      });
    }
  }

  /** 20 clients at once, each at all isolates in turn; the statuses of all their requests. */
  async function storm(path: string): Promise<number[]> {
    const client = async (number: number) => {
      const statuses: number[] = [];
      for (let i = 0; i < REQUESTS_EACH; i++) {
        const answer = await fetch(`${edges[(number + i) % edges.length]}${path}`);
        await answer.text();
        statuses.push(answer.status);
      }
      return statuses;
    };
    return (await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(i)))).flat();
  }

  const passed = (statuses: readonly number[]) =>
    statuses.filter((status) => status === 200).length;

  it.each(["fixed", "sliding"])(
    "passes as many as it says and no more, in a %s window",
    async (type) => {
      // Ten minutes of the clock: what comes over the end of one would count in the next.
      const untilNext = MINUTES - ((Date.now() / 1000) % MINUTES);
      const window = type === "sliding" && untilNext < 60 ? 100 * MINUTES : MINUTES;
      const limit = { ...REDIS, count: LIMIT, time_window: window, window_type: type };
      await serve(type, { "limit-count": { ...limit, rejected_code: 429 } });
      const statuses = await storm(`/${type}/x`);
      expect(statuses).toHaveLength(CLIENTS * REQUESTS_EACH);
      expect(passed(statuses)).toBe(LIMIT);
      expect(new Set(statuses)).toEqual(new Set([200, 429]));
    },
  );

  it("passes as many for each isolate with policy local: they share nothing", async () => {
    const count = 10;
    await serve("local", { "limit-count": { count, time_window: MINUTES, rejected_code: 429 } });
    expect(passed(await storm("/local/x"))).toBe(count * edges.length);
  });

  it("fills one bucket", async () => {
    const slow = { rate: 0.0001, burst: 30, nodelay: true, key: "remote_addr" };
    await serve("bucket", { "limit-req": { ...slow, ...REDIS, rejected_code: 429 } });
    // The first finds the bucket empty and leaves it so.
    expect(passed(await storm("/bucket/x"))).toBe(31);
  });

  it("lets connections in again when others have left", async () => {
    const room = { conn: 4, burst: 0, default_conn_delay: 0.1, key: "remote_addr" };
    await serve("room", { "limit-conn": { ...room, ...REDIS, rejected_code: 429 } });
    const statuses = await storm("/room/x");
    expect(passed(statuses)).toBeGreaterThanOrEqual(4);
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    await eventually(async () => {
      for (const edge of edges) expect((await fetch(`${edge}/room/x`)).status).toBe(200);
    });
  });
});
