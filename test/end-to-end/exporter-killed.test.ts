import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, type Stack, startStack } from "../support/stack.ts";
import { type StepProxy, startStepProxy } from "../support/step-proxy.ts";
import { startUpstream } from "../support/upstream.ts";

/**
 * `kill -9` of a real exporter at every write of a publish, before and after the store has done it
 * (invariant 1). Two routes always change together, so an edge that served a mixture would show it.
 */
describe("an exporter killed with -9 in the middle of a publish", () => {
  let stack: Stack;
  let proxy: StepProxy;
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  let round = 0;

  beforeAll(async () => {
    const options = { withoutExporter: true };
    [stack, upstream] = await Promise.all([startStack(options), startUpstream()]);
    proxy = await startStepProxy(stack.edge.store.endpoint);
  });
  afterAll(async () => {
    await stack.stop();
    await proxy.stop();
    await upstream.stop();
  });

  const settings = () => ({ S3_ENDPOINT: proxy.endpoint });

  /** Writes both routes of this round's pair, in one upstream of their own. */
  async function change(): Promise<void> {
    round += 1;
    const nodes = { [upstream.node]: 1 };
    const uris = [`/a${round}`, `/b${round}`];
    await stack.put("routes/pair", { uris, upstream: { nodes } });
  }

  /** What the edge serves is one whole round: both paths of it or neither. */
  async function servesOneRound(): Promise<number> {
    const statuses = new Map<number, [number, number]>();
    for (const of of [round - 1, round]) {
      const [a, b] = [await stack.get(`/a${of}`), await stack.get(`/b${of}`)];
      await Promise.all([a.text(), b.text()]);
      statuses.set(of, [a.status, b.status]);
    }
    const live = [...statuses].filter(([, [a, b]]) => a === 200 && b === 200).map(([of]) => of);
    expect(live, JSON.stringify([...statuses])).toHaveLength(1);
    return live[0] as number;
  }

  it("writes in the order chunks, manifest, pointer", async () => {
    stack.startExporter(settings());
    await change();
    await stack.served(`/a${round}`);
    proxy.disarm();
    await change();
    await stack.served(`/a${round}`);
    const kinds = proxy.writes.map((name) => /\/(chunks|manifests|pointers)\//.exec(name)?.[1]);
    expect(kinds.slice(-2)).toEqual(["manifests", "pointers"]);
    expect(new Set(kinds.slice(0, -2))).toEqual(new Set(["chunks"]));
    expect(kinds.length).toBeGreaterThanOrEqual(4);
  });

  it("leaves the old generation live and whole at every step, and the next start publishes the rest", async () => {
    const steps = proxy.writes.length;
    for (const moment of ["before", "after"] as const) {
      for (let step = 1; step <= steps; step++) {
        const killed = new Promise<void>((resolve) => {
          proxy.arm(step, moment, () => stack.killExporter().then(resolve));
        });
        await change();
        await killed;
        proxy.disarm();
        const live = await servesOneRound();
        const moved = step === steps && moment === "after";
        expect(live, `killed ${moment} write ${step} of ${steps}`).toBe(moved ? round : round - 1);
        stack.startExporter(settings());
        await stack.served(`/b${round}`);
        expect(await servesOneRound()).toBe(round);
        await eventually(async () =>
          expect(await stack.status()).toMatchObject({ role: "leader" }),
        );
      }
    }
  }, 120_000);
});
