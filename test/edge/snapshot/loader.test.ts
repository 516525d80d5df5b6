import { describe, expect, it } from "vitest";
import { chunkName, manifestName, POINTER_NAME } from "../../../shared/snapshot/format.ts";
import { anEdge, MapCache, MapSource } from "../../support/edge-world.ts";
import { aRoute, makeSnapshot, pointerTo, type WrittenSnapshot } from "../../support/snapshots.ts";

const routes = (...ids: string[]) => ({
  routes: Object.fromEntries(ids.map((id) => [id, aRoute(id)])),
});
const first = () => makeSnapshot(routes("a"), { generation: 1 });
const second = () => makeSnapshot(routes("a", "b"), { generation: 2 });

const flipped = (bytes: Uint8Array | undefined) => {
  const copy = (bytes as Uint8Array).slice();
  copy[copy.length >> 1] = (copy[copy.length >> 1] as number) ^ 1;
  return copy;
};

function isRoot({ manifest }: WrittenSnapshot, name: string): boolean {
  const roots = [manifest.index, manifest.bodies].filter((root) => root !== null);
  return roots.some((root) => chunkName(root) === name);
}

/** What can be wrong with a second generation, and the outcome that names it. */
const faults: [string, string, (edge: ReturnType<typeof anEdge>, next: WrittenSnapshot) => void][] =
  [
    [
      "a corrupt index chunk",
      "corrupt",
      ({ source }, { manifest }) => {
        const name = chunkName(manifest.index as { sha256: string });
        source.objects.set(name, flipped(source.objects.get(name)));
      },
    ],
    [
      "a corrupt body chunk",
      "corrupt",
      ({ source }, { manifest }) => {
        const name = chunkName(manifest.bodies as { sha256: string });
        source.objects.set(name, flipped(source.objects.get(name)));
      },
    ],
    [
      "a missing body chunk",
      "missing",
      ({ source }, { manifest }) => {
        source.objects.delete(chunkName(manifest.bodies as { sha256: string }));
      },
    ],
    [
      "a truncated manifest",
      "corrupt",
      ({ source }, { ref }) => {
        const name = manifestName(ref);
        source.objects.set(name, (source.objects.get(name) as Uint8Array).slice(0, 40));
      },
    ],
    [
      "a missing manifest",
      "missing",
      ({ source }, { ref }) => {
        source.objects.delete(manifestName(ref));
      },
    ],
    [
      "an older pointer",
      "older",
      ({ source }) => {
        source.objects.set(
          POINTER_NAME,
          pointerTo({ generation: 1, sha256: "0".repeat(64), length: 9 }),
        );
      },
    ],
    [
      "another manifest of the held generation",
      "corrupt",
      ({ source }) => {
        source.objects.set(
          POINTER_NAME,
          pointerTo({ generation: 2, sha256: "0".repeat(64), length: 9 }),
        );
      },
    ],
    [
      "another format",
      "unsupported",
      ({ source }) => {
        source.objects.set(POINTER_NAME, new TextEncoder().encode('{"format":2}'));
      },
    ],
    [
      "a pointer that is no JSON",
      "corrupt",
      ({ source }) => {
        source.objects.set(POINTER_NAME, new TextEncoder().encode("{"));
      },
    ],
    [
      "no pointer any more",
      "missing",
      ({ source }) => {
        source.objects.delete(POINTER_NAME);
      },
    ],
    [
      "a source that refuses",
      "unreachable",
      ({ source }) => {
        source.before = async () => {
          throw new Error("refused");
        };
      },
    ],
    [
      "a source that does not answer in time",
      "unreachable",
      ({ source }) => {
        source.before = () => new Promise(() => {});
      },
    ],
  ];

describe("an edge that holds a good snapshot", () => {
  it.each(faults)("keeps it through %s, and calls it %s", async (what, outcome, damage) => {
    const edge = anEdge();
    const held = what.includes("held") || what.includes("older") ? await second() : await first();
    edge.source.publish(held);
    await edge.loader.refresh();
    const next = await makeSnapshot(routes("a", "c"), { generation: held.ref.generation + 1 });
    edge.source.publish(next);
    damage(edge, next);
    const [look] = await edge.loader.refresh();
    expect(look).toMatchObject({ source: "first", outcome });
    expect(look?.detail).not.toBe("");
    expect(edge.loader.held?.generation).toBe(held.ref.generation);
    expect(await edge.loader.held?.resource("routes", "a")).toBeDefined();
  });

  it("takes the newer one as soon as it is whole", async () => {
    const edge = anEdge();
    edge.source.publish(await first());
    expect(await edge.loader.refresh()).toMatchObject([{ outcome: "newer" }]);
    expect(await edge.loader.refresh()).toMatchObject([{ outcome: "same" }]);
    edge.source.publish(await second());
    expect(await edge.loader.refresh()).toMatchObject([{ outcome: "newer" }]);
    expect(edge.loader.held?.generation).toBe(2);
  });

  it("never goes back, even when an older load ends last", async () => {
    const edge = anEdge();
    const [one, two] = [await first(), await second()];
    let release = () => {};
    edge.source.publish(one);
    edge.source.before = async (name) => {
      if (name === manifestName(one.ref)) await new Promise<void>((resolve) => (release = resolve));
    };
    const slow = edge.loader.refresh();
    await new Promise((resolve) => setTimeout(resolve, 20));
    edge.source.publish(two);
    await edge.loader.refresh();
    expect(edge.loader.held?.generation).toBe(2);
    release();
    await slow;
    expect(edge.loader.held?.generation).toBe(2);
  });

  it("finishes on its generation whoever began on it", async () => {
    const edge = anEdge();
    edge.source.publish(await first());
    await edge.loader.refresh();
    const begun = edge.loader.held;
    edge.source.publish(await makeSnapshot({ routes: { z: aRoute("z") } }, { generation: 2 }));
    await edge.loader.refresh();
    expect(await begun?.resource("routes", "a")).toBeDefined();
    expect(await begun?.resource("routes", "z")).toBeUndefined();
    expect(await edge.loader.held?.resource("routes", "z")).toBeDefined();
  });
});

describe("a second source", () => {
  it.each([
    [
      "is unreachable",
      (source: MapSource) => {
        source.before = async () => {
          throw new Error("down");
        };
      },
    ],
    [
      "has a corrupt chunk",
      (source: MapSource) => {
        for (const [name, bytes] of source.objects) {
          if (name.startsWith("chunks/")) source.objects.set(name, flipped(bytes));
        }
      },
    ],
    ["is empty", (source: MapSource) => source.objects.clear()],
  ])("is asked when the first one %s", async (_what, damage) => {
    const sources = [new MapSource("first"), new MapSource("second")] as const;
    for (const source of sources) source.publish(await first());
    damage(sources[0]);
    const edge = anEdge({ sources });
    const looks = await edge.loader.refresh();
    expect(edge.loader.held?.generation).toBe(1);
    expect(looks.at(-1)?.outcome).toBe("newer");
  });

  it("that lags behind does not take the edge back", async () => {
    const sources = [new MapSource("first"), new MapSource("second")] as const;
    sources[0].publish(await second());
    sources[1].publish(await first());
    const edge = anEdge({ sources });
    await edge.loader.refresh();
    sources[0].objects.clear();
    const looks = await edge.loader.refresh();
    expect(looks.map(({ outcome }) => outcome)).toEqual(["missing", "older"]);
    expect(edge.loader.held?.generation).toBe(2);
  });
});

describe("objects that were read", () => {
  it("are not read again while a later generation still has them", async () => {
    const edge = anEdge();
    const ids = Array.from({ length: 40 }, (_, i) => `r${i}`);
    edge.source.publish(await makeSnapshot(routes(...ids), { generation: 1, bodyLimit: 400 }));
    await edge.loader.refresh();
    const changed = { routes: { ...routes(...ids).routes, r7: aRoute("r7", { desc: "new" }) } };
    edge.source.publish(await makeSnapshot(changed, { generation: 2, bodyLimit: 400 }));
    edge.source.reads.length = 0;
    await edge.loader.refresh();
    const chunks = edge.source.reads.filter((name) => name.startsWith("chunks/"));
    // The chunk of bodies that changed, and the branch that names it.
    expect(chunks.length).toBe(2);
    expect((await edge.loader.held?.resource("routes", "r7"))?.value.desc).toBe("new");
  });

  it("come from the source when the cache does not answer", async () => {
    const cache = new MapCache();
    cache.get = () => new Promise(() => {});
    cache.put = () => new Promise(() => {});
    const edge = anEdge({ cache, readTimeoutMs: 20 });
    edge.source.publish(await first());
    expect(await edge.loader.refresh()).toMatchObject([{ outcome: "newer" }]);
  });

  it("come from the cache of the data centre, and a damaged copy is thrown away", async () => {
    const cache = new MapCache();
    const snapshot = await first();
    const one = anEdge({ cache });
    one.source.publish(snapshot);
    await one.loader.refresh();
    const two = anEdge({ cache });
    two.source.publish(snapshot);
    await two.loader.refresh();
    expect(two.source.reads).toEqual([POINTER_NAME]);
    const name = manifestName(snapshot.ref);
    cache.objects.set(name, flipped(cache.objects.get(name)));
    const three = anEdge({ cache });
    three.source.publish(snapshot);
    await three.loader.refresh();
    expect(three.source.reads).toEqual([POINTER_NAME, name]);
    expect(three.loader.held?.generation).toBe(1);
    expect(cache.objects.get(name)).toEqual(snapshot.objects.get(name));
  });
});

describe("a snapshot of many body chunks", () => {
  const ids = Array.from({ length: 300 }, (_, i) => `r${i}`);
  const large = () => makeSnapshot(routes(...ids), { generation: 1, bodyLimit: 300 });

  it("is in use before its bodies are there, which come in the background", async () => {
    const edge = anEdge();
    edge.source.publish(await large());
    await edge.current();
    const all = [...edge.source.objects.keys()].filter((name) => name.startsWith("chunks/"));
    expect(edge.chunks.size).toBeLessThan(all.length / 2);
    expect(await edge.loader.held?.resource("routes", "r299")).toBeDefined();
    for (let i = 0; i < 9; i++) {
      await edge.current();
      await edge.settled();
    }
    expect(edge.chunks.size).toBe(all.length);
    edge.source.before = async () => {
      throw new Error("down");
    };
    for (const id of ids) expect(await edge.loader.held?.resource("routes", id)).toBeDefined();
  });

  it("stays within the memory budget and reads the rest when it is needed", async () => {
    const edge = anEdge({ budgetBytes: 16_000 });
    edge.source.publish(await large());
    for (let i = 0; i < 4; i++) {
      await edge.current();
      await edge.settled();
    }
    expect(edge.chunks.bytes).toBeLessThanOrEqual(16_000);
    for (const id of ids) expect(await edge.loader.held?.resource("routes", id)).toBeDefined();
    expect(edge.chunks.bytes).toBeLessThanOrEqual(16_000);
  });

  it("is taken into use by a memory that does not hold both its roots at once", async () => {
    const edge = anEdge({ budgetBytes: 100 });
    edge.source.publish(await large());
    expect(await edge.loader.refresh()).toMatchObject([{ outcome: "newer" }]);
    expect(await edge.loader.held?.resource("routes", "r299")).toBeDefined();
    expect(edge.chunks.size).toBe(1);
  });

  it("with a damaged chunk is kept out where something is held, and served for the rest where not", async () => {
    const next = await makeSnapshot(routes(...ids), { generation: 2, bodyLimit: 300 });
    const broken = [...next.objects.keys()].find(
      (name) => name.startsWith("chunks/") && !isRoot(next, name),
    ) as string;
    next.objects.get(broken)?.fill(0);
    const [holding, cold] = [anEdge(), anEdge()];
    holding.source.publish(await first());
    await holding.loader.refresh();
    for (const edge of [holding, cold]) edge.source.publish(next);
    const detail = expect.stringContaining(`${broken} is corrupt`);
    expect(await holding.loader.refresh()).toMatchObject([{ outcome: "corrupt", detail }]);
    expect(holding.loader.held?.generation).toBe(1);
    expect(await cold.loader.refresh()).toMatchObject([{ outcome: "newer", detail }]);
    let served = 0;
    for (const id of ids) {
      const found = await cold.loader.held?.resource("routes", id).catch(() => undefined);
      if (found) served++;
    }
    expect(served).toBeGreaterThan(ids.length - 10);
    expect(served).toBeLessThan(ids.length);
  });

  it("throws for a body that cannot be read, and asks no other generation for it", async () => {
    const edge = anEdge();
    edge.source.publish(await large());
    await edge.current();
    edge.source.before = async () => {
      throw new Error("down");
    };
    await expect(edge.loader.held?.resource("routes", "r99")).rejects.toThrow("down");
  });
});
