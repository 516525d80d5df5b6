import { describe, expect, it } from "vitest";
import { POINTER_NAME } from "../../../shared/snapshot/format.ts";
import { anEdge } from "../../support/edge-world.ts";
import { aRoute, makeSnapshot } from "../../support/snapshots.ts";

const snapshot = (generation: number) =>
  makeSnapshot({ routes: { a: aRoute("a", { desc: `g${generation}` }) } }, { generation });
const looks = (edge: ReturnType<typeof anEdge>) =>
  edge.source.reads.filter((name) => name === POINTER_NAME).length;

describe("the first requests of a cold isolate", () => {
  it("share one load, however many they are", async () => {
    const edge = anEdge();
    edge.source.publish(await snapshot(1));
    const found = await Promise.all(Array.from({ length: 50 }, () => edge.current()));
    expect(found.map((one) => one?.generation)).toEqual(new Array(50).fill(1));
    expect(looks(edge)).toBe(1);
  });

  it("load for themselves when the one that began was cut off", async () => {
    const edge = anEdge({ settings: { firstLoadMs: 150 } });
    edge.source.publish(await snapshot(1));
    let isCutOff = true;
    edge.source.before = () => (isCutOff ? new Promise(() => {}) : Promise.resolve());
    const owner = edge.current();
    const waiter = edge.current();
    isCutOff = false;
    expect(await owner).toBeUndefined();
    expect((await waiter)?.generation).toBe(1);
  });

  it("get nothing where there is nothing, and do not all ask an empty bucket", async () => {
    const edge = anEdge();
    for (let i = 0; i < 20; i++) expect(await edge.current()).toBeUndefined();
    expect(looks(edge)).toBe(1);
    edge.clock.now += 10_000;
    edge.source.publish(await snapshot(1));
    expect((await edge.current())?.generation).toBe(1);
  });
});

describe("a request while a snapshot is held", () => {
  async function held(settings = {}) {
    const edge = anEdge({ settings });
    edge.source.publish(await snapshot(1));
    await edge.current();
    await edge.settled();
    edge.source.publish(await snapshot(2));
    edge.source.reads.length = 0;
    return edge;
  }

  it("asks nobody as long as the last look is fresh", async () => {
    const edge = await held();
    edge.clock.now += 4000;
    for (let i = 0; i < 10; i++) expect((await edge.current())?.generation).toBe(1);
    expect(edge.source.reads).toEqual([]);
  });

  it("is answered at once when a look is due, and the next one has the new generation", async () => {
    const edge = await held();
    edge.clock.now += 6000;
    edge.source.before = () => new Promise((resolve) => setTimeout(resolve, 50));
    expect((await edge.current())?.generation).toBe(1);
    expect((await edge.current())?.generation).toBe(1);
    await edge.settled();
    expect((await edge.current())?.generation).toBe(2);
    expect(looks(edge)).toBe(1);
  });

  it("waits for the look when the isolate has been idle for long", async () => {
    const edge = await held();
    edge.clock.now += 61_000;
    expect((await edge.current())?.generation).toBe(2);
  });

  it("does not wait longer than it should, and then serves what there is", async () => {
    const edge = await held();
    edge.clock.now += 61_000;
    edge.source.before = () => new Promise(() => {});
    expect((await edge.current())?.generation).toBe(1);
  });

  it("looks anew when the look under way was cut off with the request that began it", async () => {
    // Its timers went with it: no time limit ends what it waits for.
    const edge = anEdge({ settings: { staleAfterMs: 30_000 }, readTimeoutMs: 1_000_000 });
    edge.source.publish(await snapshot(1));
    await edge.current();
    await edge.settled();
    edge.source.publish(await snapshot(2));
    edge.clock.now += 6000;
    edge.source.before = () => new Promise(() => {});
    expect((await edge.current())?.generation).toBe(1);
    edge.source.before = async () => {};
    edge.clock.now += 20_000;
    expect((await edge.current())?.generation).toBe(1);
    edge.clock.now += 20_000;
    expect((await edge.current())?.generation).toBe(2);
  });

  it("looks first, every time, with an interval of 0", async () => {
    const edge = await held({ refreshIntervalMs: 0 });
    expect((await edge.current())?.generation).toBe(2);
    edge.source.publish(await snapshot(3));
    expect((await edge.current())?.generation).toBe(3);
    expect(looks(edge)).toBe(2);
  });

  it("is served through an outage, and the report tells since when nothing was confirmed", async () => {
    const edge = await held();
    const confirmedAt = edge.freshness.report().confirmedAt;
    edge.source.before = async () => {
      throw new Error("down");
    };
    for (let i = 0; i < 5; i++) {
      edge.clock.now += 10_000;
      expect((await edge.current())?.generation).toBe(1);
      await edge.settled();
    }
    const report = edge.freshness.report();
    expect(report.confirmedAt).toBe(confirmedAt);
    expect(report.lookedAt).toBeGreaterThan(confirmedAt as number);
    expect(report.looks).toMatchObject([{ outcome: "unreachable" }]);
  });
});
