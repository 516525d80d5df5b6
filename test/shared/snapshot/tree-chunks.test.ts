import { describe, expect, it } from "vitest";
import type { IndexedRoute } from "../../../shared/routing/route-entry.ts";
import { RouteTree } from "../../../shared/routing/route-tree.ts";
import { BodyTree } from "../../../shared/snapshot/body-tree.ts";
import type { ChunkRef, TreeRef } from "../../../shared/snapshot/format.ts";
import { chunksOf } from "../../../shared/snapshot/read-tree.ts";
import { type FreshChunks, TreeChunks } from "../../../shared/snapshot/tree-chunks.ts";
import { type Random, runSeed, seededRandom } from "../../support/random.ts";

/** Small enough that a few dozen bodies make three levels of branches. */
const LIMIT = 60;
const FACTOR = 3;

/** A tree, its chunks, and a store of which everything that no live generation names is soon gone. */
class ChunkWorld {
  readonly store = new Map<string, Uint8Array>();
  readonly tree = new BodyTree(LIMIT);
  #chunks = this.#newChunks();
  #known: ReadonlySet<string> = new Set();
  live: TreeRef | null = null;

  #newChunks() {
    return new TreeChunks({ ...this.tree.codec, branchFactor: FACTOR });
  }

  put(key: string, json: string | undefined): void {
    this.tree.apply([[key, json === undefined ? undefined : { key, json, length: json.length }]]);
  }

  /** As another publisher would: what is live is found out anew. */
  async findOut(): Promise<void> {
    this.#known = new Set(await this.named());
  }

  async restart(): Promise<void> {
    this.#chunks = this.#newChunks();
    await this.findOut();
  }

  /** Writes what is fresh; `isLost`: but the pointer does not move. Returns what was written. */
  async publish(isLost = false): Promise<readonly string[]> {
    const fresh: FreshChunks = new Map();
    const { root, confirm } = await this.#chunks.write(this.tree.root, this.#known, fresh);
    for (const [sha256, bytes] of fresh) this.store.set(sha256, bytes());
    if (!isLost) {
      this.live = root;
      confirm();
    }
    return [...fresh.keys()];
  }

  /** Retention, as strict as it may be: only what is live stays. */
  async collect(): Promise<void> {
    const named = new Set(await this.named());
    for (const sha256 of this.store.keys()) if (!named.has(sha256)) this.store.delete(sha256);
  }

  /** Every chunk of what is live; throws where one is not there. */
  async named(): Promise<string[]> {
    const read = async ({ sha256 }: ChunkRef) => {
      const bytes = this.store.get(sha256);
      if (!bytes) throw new Error(`${sha256} is missing`);
      return bytes;
    };
    const all: string[] = [];
    for await (const ref of chunksOf({ index: null, bodies: this.live }, read)) {
      await read(ref);
      all.push(ref.sha256);
    }
    return all;
  }
}

function changeSome(world: ChunkWorld, random: Random): void {
  // From a handful of bodies to many and back: levels come and go.
  const keys = random.pick([3, 10, 30, 90]);
  const share = random.next();
  for (let i = 0; i < keys; i++) {
    const key = `routes/${random.below(keys)}`;
    world.put(key, random.chance(share) ? undefined : "x".repeat(random.below(3)));
  }
}

/** Hosts and paths of which many are the beginnings of others. */
function aRoute(id: string, random: Random): IndexedRoute {
  const segments = Array.from(
    { length: random.below(4) },
    () => `/${random.pick(["a", "b", "cc"])}`,
  );
  const host = random.pick(["*.com", "*.a.com", "*.b.a.com", "b.a.com", "c.com", undefined]);
  return {
    id,
    uris: [`${segments.join("")}${random.pick(["/*", "/x"])}`],
    hosts: host ? [host] : [],
    methods: [],
    priority: 0,
    remoteAddrs: [],
  };
}

describe("the chunks of a tree", () => {
  it("that were live when the publisher started are written again when they come back", async () => {
    const world = new ChunkWorld();
    world.put("routes/1", "old");
    await world.publish();
    await world.restart();
    world.put("routes/1", "new");
    await world.publish();
    await world.collect();
    world.put("routes/1", "old");
    expect(await world.publish()).toHaveLength(1);
    expect(await world.named()).toHaveLength(1);
  });

  it("that a larger branch took in are written again when they stand alone again", async () => {
    const world = new ChunkWorld();
    const services = (json: string | undefined) => {
      for (let i = 0; i < 4; i++) world.put(`services/${i}`, json);
    };
    for (let i = 0; i < 25; i++) world.put(`routes/${i}`, "same");
    services("more");
    await world.publish();
    // The root loses a level: a branch below it is one no more, though nothing in it has changed.
    services(undefined);
    await world.publish();
    await world.collect();
    services("more");
    await world.publish();
    await expect(world.named()).resolves.toBeDefined();
  });

  it("are all there, whatever came, went and was collected", async () => {
    const seed = runSeed();
    const random = seededRandom(seed);
    for (let run = 0; run < 12; run++) {
      const world = new ChunkWorld();
      for (let step = 0; step < 50; step++) {
        changeSome(world, random);
        if (random.chance(0.1)) await world.publish(true);
        await world.publish();
        await expect(
          world.named(),
          `seed ${seed}, run ${run}, step ${step}`,
        ).resolves.toBeDefined();
        if (random.chance(0.5)) await world.collect();
        if (random.chance(0.1)) await world.restart();
        if (random.chance(0.1)) await world.findOut();
      }
    }
  });

  it("that are live are not written again", async () => {
    const world = new ChunkWorld();
    for (let i = 0; i < 60; i++) world.put(`routes/${i}`, "same");
    const first = await world.publish();
    expect(first.length).toBeGreaterThan(10);
    expect(await world.publish()).toEqual([]);
    await world.restart();
    expect(await world.publish()).toEqual([]);
    world.put("routes/7", "other");
    const path = await world.publish();
    expect(path.length).toBeGreaterThan(2);
    expect(path.length).toBeLessThan(8);
    expect(path.some((sha256) => first.includes(sha256))).toBe(false);
  });

  it("are the same for who changed it again and again and for who has it at once", async () => {
    const seed = runSeed();
    const random = seededRandom(seed);
    const newTree = () => new RouteTree("radixtree_host_uri", 200, FACTOR);
    for (let run = 0; run < 8; run++) {
      const tree = newTree();
      const chunks = new TreeChunks(tree.codec);
      const known = new Set<string>();
      const routes = new Map<string, IndexedRoute>();
      for (let step = 0; step < 40; step++) {
        for (let i = random.pick([1, 1, 1, 20]); i > 0; i--) {
          const id = `r${random.below(150)}`;
          const route = random.chance(0.7) ? aRoute(id, random) : undefined;
          if (route) routes.set(id, route);
          else routes.delete(id);
          tree.apply([[id, route]]);
        }
        const { root, confirm } = await chunks.write(tree.root, known, new Map());
        // Else the pointer does not move.
        if (random.chance(0.8)) confirm();
        const other = newTree();
        other.apply(routes);
        const atOnce = new TreeChunks(other.codec).write(other.root, new Set(), new Map());
        expect(root, `seed ${seed}, run ${run}, step ${step}`).toEqual((await atOnce).root);
      }
    }
  });
});
