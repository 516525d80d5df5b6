import { describe, expect, it } from "vitest";
import { HEALTH_OVERLAY_NAMES } from "../../../shared/health/overlay.ts";
import { POINTER_NAME } from "../../../shared/snapshot/format.ts";
import { anOverlay, KEY, overlayBytes } from "../../support/checked-world.ts";
import { anEdge, type EdgeWorldOptions, MapSource } from "../../support/edge-world.ts";
import { aRoute, makeSnapshot } from "../../support/snapshots.ts";

const { exporter: EXPORTERS, edge: EDGES } = HEALTH_OVERLAY_NAMES;
const DOWN = { [KEY]: ["a:80"] };

const snapshot = (generation: number, checked: number | undefined) =>
  makeSnapshot({ routes: { a: aRoute("a") } }, { generation, ...(checked ? { checked } : {}) });

/** An edge that holds a generation with `checked` upstreams, before any overlay. */
async function heldEdge(options: EdgeWorldOptions = {}, checked: number | undefined = 1) {
  const edge = anEdge(options);
  edge.source.publish(await snapshot(1, checked));
  await edge.current();
  await edge.settled();
  edge.source.reads.length = 0;
  return {
    ...edge,
    put: (name: string, ...overlay: Parameters<typeof overlayBytes>) =>
      edge.source.objects.set(name, overlayBytes(...overlay)),
    /** The next request after the interval, and what it left running. */
    look: async () => {
      edge.clock.now += 6000;
      await edge.current();
      await edge.settled();
    },
    down: () => [...(edge.verdicts.downOf(KEY) ?? [])],
    outcomes: () => edge.overlays.report().map(({ writer, outcome }) => `${writer}: ${outcome}`),
  };
}

describe("the exporter's overlay", () => {
  it("is read with each look, in one read more", async () => {
    const edge = await heldEdge();
    edge.put(EXPORTERS, edge.clock.now, DOWN);
    await edge.look();
    expect(edge.source.reads).toEqual([POINTER_NAME, EXPORTERS]);
    expect(edge.down()).toEqual(["a:80"]);
    edge.put(EXPORTERS, edge.clock.now, {});
    await edge.look();
    expect(edge.down()).toEqual([]);
  });

  it("comes with the very first look as well", async () => {
    const edge = anEdge();
    edge.source.publish(await snapshot(1, 1));
    edge.source.objects.set(EXPORTERS, overlayBytes(edge.clock.now, DOWN));
    await edge.current();
    await edge.settled();
    expect(edge.verdicts.downOf(KEY)).toEqual(new Set(["a:80"]));
  });

  it("is not asked for where no upstream is checked, and forgotten when none is any more", async () => {
    const none = await heldEdge({}, 0);
    await none.look();
    expect(none.source.reads).toEqual([POINTER_NAME]);
    expect(none.outcomes()).toEqual([]);

    const edge = await heldEdge();
    edge.put(EXPORTERS, edge.clock.now, DOWN);
    await edge.look();
    edge.source.publish(await snapshot(2, undefined));
    await edge.look();
    expect(edge.down()).toEqual([]);
    expect(edge.outcomes()).toEqual([]);
  });

  it("that is not there, and one that has gone, says nothing of any node", async () => {
    const edge = await heldEdge();
    await edge.look();
    expect(edge.outcomes()).toEqual(["exporter: missing"]);
    edge.put(EXPORTERS, edge.clock.now, DOWN);
    await edge.look();
    edge.source.objects.delete(EXPORTERS);
    await edge.look();
    expect(edge.down()).toEqual([]);
  });

  it.each([
    ["cut", (bytes: Uint8Array) => bytes.slice(0, -9), "corrupt"],
    ["empty", () => new Uint8Array(), "corrupt"],
    ["too long", () => new Uint8Array(1024 * 1024 + 1), "corrupt"],
    ["of a later format", () => text({ ...anOverlay(0, DOWN), format: 2 }), "unsupported"],
    ["of another namespace", () => text({ ...anOverlay(0, DOWN), namespace: "b" }), "corrupt"],
    ["without a list", () => text({ ...anOverlay(0), down: { [KEY]: "a:80" } }), "corrupt"],
  ])("that is damaged (%s) says nothing of any node", async (_how, damage, outcome) => {
    const edge = await heldEdge();
    edge.put(EXPORTERS, edge.clock.now, DOWN);
    await edge.look();
    expect(edge.down()).toEqual(["a:80"]);
    edge.source.objects.set(EXPORTERS, damage(overlayBytes(edge.clock.now, DOWN)));
    await edge.look();
    expect(edge.down()).toEqual([]);
    expect(edge.outcomes()).toEqual([`exporter: ${outcome}`]);
    expect((await edge.current())?.generation).toBe(1);
  });

  it("that is stale says nothing of any node, and is told as stale", async () => {
    const edge = await heldEdge();
    edge.put(EXPORTERS, edge.clock.now - 25_000, DOWN);
    await edge.look();
    expect(edge.down()).toEqual([]);
    expect(edge.overlays.report()).toMatchObject([
      { writer: "exporter", outcome: "read", writtenBy: "a test", ageSeconds: 31, isFresh: false },
    ]);
  });

  it("that cannot be read again is believed until it is stale", async () => {
    const edge = await heldEdge();
    edge.put(EXPORTERS, edge.clock.now, DOWN, { validSeconds: 15 });
    await edge.look();
    edge.source.before = async (name) => {
      if (name === EXPORTERS) throw new Error("down");
    };
    await edge.look();
    expect(edge.down()).toEqual(["a:80"]);
    expect(edge.outcomes()).toEqual(["exporter: unreachable"]);
    await edge.look();
    expect(edge.down()).toEqual([]);
  });
});

describe("an overlay that comes late or never", () => {
  it("holds up neither the look, nor a request, nor the next generation", async () => {
    const edge = await heldEdge({ settings: { refreshIntervalMs: 0 } });
    edge.source.before = (name) => (name === EXPORTERS ? new Promise(() => {}) : Promise.resolve());
    for (let generation = 2; generation < 6; generation++) {
      edge.source.publish(await snapshot(generation, 1));
      expect((await edge.current())?.generation).toBe(generation);
    }
    // One read is under way; the others did not begin a second.
    expect(edge.source.reads.filter((name) => name === EXPORTERS)).toHaveLength(1);
  });

  it("is asked for again when its read was cut off with the request that began it", async () => {
    const edge = await heldEdge({ readTimeoutMs: 1_000_000 });
    edge.source.before = (name) => (name === EXPORTERS ? new Promise(() => {}) : Promise.resolve());
    edge.clock.now += 6000;
    await edge.current();
    edge.source.before = async () => {};
    edge.put(EXPORTERS, edge.clock.now, DOWN, { validSeconds: 600 });
    edge.clock.now += 20_000;
    await edge.current();
    expect(edge.down()).toEqual([]);
    edge.clock.now += 20_000;
    await edge.current();
    await expect.poll(edge.down).toEqual(["a:80"]);
  });

  it("is read by each look with an interval of 0, and the request after it goes by it", async () => {
    const edge = await heldEdge({ settings: { refreshIntervalMs: 0 } });
    edge.put(EXPORTERS, edge.clock.now, DOWN);
    await edge.current();
    await edge.settled();
    expect(edge.down()).toEqual(["a:80"]);
    expect(edge.source.reads).toEqual([POINTER_NAME, EXPORTERS]);
  });
});

describe("the job's overlay", () => {
  it("is read where the exporter leaves upstreams to it, and adds to what is down", async () => {
    const edge = await heldEdge();
    edge.put(EXPORTERS, edge.clock.now, { [KEY]: ["b:80"] }, { leftToEdge: ["upstreams/2"] });
    edge.put(EDGES, edge.clock.now, DOWN);
    await edge.look();
    expect(edge.source.reads).toEqual([POINTER_NAME, EXPORTERS, EDGES]);
    expect(edge.down().sort()).toEqual(["a:80", "b:80"]);
    expect(edge.overlays.report()).toMatchObject([
      { writer: "exporter", nodesDown: 1 },
      { writer: "edge", nodesDown: 1 },
    ]);
  });

  it("is forgotten when nothing is left to it any more", async () => {
    const edge = await heldEdge();
    edge.put(EXPORTERS, edge.clock.now, {}, { leftToEdge: [KEY] });
    edge.put(EDGES, edge.clock.now, DOWN);
    await edge.look();
    expect(edge.down()).toEqual(["a:80"]);
    edge.put(EXPORTERS, edge.clock.now);
    await edge.look();
    expect(edge.down()).toEqual([]);
    expect(edge.outcomes()).toEqual(["exporter: read"]);
  });

  it("is still read when the exporter has been away for long", async () => {
    const edge = await heldEdge();
    edge.put(EXPORTERS, edge.clock.now, {}, { leftToEdge: [KEY] });
    edge.clock.now += 3_600_000;
    edge.put(EDGES, edge.clock.now, DOWN);
    await edge.look();
    expect(edge.down()).toEqual(["a:80"]);
    expect(edge.verdicts.toldAt(KEY)).toBeDefined();
    expect(edge.verdicts.toldAt("upstreams/3")).toBeUndefined();
  });
});

describe("with a second source", () => {
  it("the overlay comes from the one that had what is live", async () => {
    const [first, second] = [new MapSource("first"), new MapSource("second")];
    const edge = anEdge({ sources: [first, second] });
    second.publish(await snapshot(1, 1));
    second.objects.set(EXPORTERS, overlayBytes(edge.clock.now, DOWN));
    first.before = async () => {
      throw new Error("down");
    };
    await edge.current();
    await edge.settled();
    expect(edge.verdicts.downOf(KEY)).toEqual(new Set(["a:80"]));
    expect(first.reads).not.toContain(EXPORTERS);
  });

  it("and from one whose pointer cannot be used, where no other answers", async () => {
    const edge = await heldEdge();
    edge.source.objects.set(POINTER_NAME, new Uint8Array([1, 2, 3]));
    edge.put(EXPORTERS, edge.clock.now, DOWN);
    await edge.look();
    expect(edge.down()).toEqual(["a:80"]);
  });
});

function text(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
