import { describe, expect, it } from "vitest";
import { resume, rollback } from "../../../exporter/publish/operations.ts";
import {
  listManifests,
  readChunk,
  readManifest,
} from "../../../exporter/publish/read-generation.ts";
import { Collection } from "../../../exporter/publish/retention.ts";
import { type ChunkRef, chunkName } from "../../../shared/snapshot/format.ts";
import { chunksOf } from "../../../shared/snapshot/read-tree.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { aPublisher, CompilingTable, readLive, SOURCE } from "../../support/publishing.ts";
import { runSeed, seededRandom } from "../../support/random.ts";
import { virtualClock } from "../../support/virtual-clock.ts";

const HOUR = 3_600_000;
const OPTIONS = { keepGenerations: 3, graceMs: HOUR };

function aWorld() {
  const clock = virtualClock();
  const store = new MemoryStore(() => clock.now());
  const operator = { store, clock, namespace: "default", by: "operator" };
  let exporter = { publisher: aPublisher(store, clock), table: new CompilingTable() };
  const restart = () => {
    exporter = { publisher: aPublisher(store, clock), table: new CompilingTable() };
  };
  const publish = async (routes: Record<string, string>) => {
    const { publisher, table } = exporter;
    await publisher.refresh();
    const snapshot = await table.compile(routes, await publisher.known());
    return publisher.publish({ snapshot, source: SOURCE });
  };
  const collection = new Collection(store, clock, OPTIONS);
  const collect = async () => {
    await collection.survey();
    return collection.sweep();
  };
  /** Publishes and waits until nothing older is kept. */
  const forget = async () => {
    for (let i = 0; i < OPTIONS.keepGenerations; i++) await publish({ c: String(i) });
    await clock.advance(2 * HOUR);
    await collect();
    await collect();
  };
  return { clock, store, operator, publish, restart, forget, collection, collect };
}

async function generationsIn(store: MemoryStore): Promise<number[]> {
  return (await listManifests(store)).map(({ ref }) => ref.generation);
}

describe("retention", () => {
  it("keeps the newest generations and what they need, and deletes the rest after the grace", async () => {
    const world = aWorld();
    for (let i = 1; i <= 6; i++) await world.publish({ a: String(i) });
    expect(await world.collect()).toEqual({ manifests: 0, chunks: 0 });
    await world.clock.advance(2 * HOUR);
    expect(await world.collect()).toMatchObject({ manifests: 3 });
    expect(await generationsIn(world.store)).toEqual([4, 5, 6]);
    expect(await world.collect()).toMatchObject({ manifests: 0, chunks: 3 });
    expect(await readLive(world.store)).toMatchObject({ routes: { a: "6" } });
  });

  it("keeps the generation that a hold has superseded, however old", async () => {
    const world = aWorld();
    await world.publish({ a: "1" });
    await world.publish({ a: "2" });
    await rollback(world.operator, 1);
    for (let i = 0; i < 5; i++) await rollback(world.operator, 1);
    await world.clock.advance(2 * HOUR);
    await world.collect();
    expect(await generationsIn(world.store)).toContain(2);
  });

  it("leaves a chunk that was needed again while it was looking", async () => {
    const world = aWorld();
    await world.publish({ a: "1" });
    for (let i = 2; i <= 5; i++) await world.publish({ a: String(i) });
    await world.clock.advance(2 * HOUR);
    await world.collect();
    expect(await generationsIn(world.store)).toEqual([3, 4, 5]);
    await world.collection.survey();
    await world.publish({ a: "1" });
    expect(await world.collection.sweep()).toEqual({ manifests: 1, chunks: 1 });
    expect(await readLive(world.store)).toMatchObject({ routes: { a: "1" } });
  });

  it("collects nothing while a manifest cannot be read, and says which", async () => {
    const world = aWorld();
    for (let i = 1; i <= 5; i++) await world.publish({ a: String(i) });
    await world.clock.advance(2 * HOUR);
    const [first] = await listManifests(world.store);
    await world.store.put(first?.name as string, new Uint8Array(first?.ref.length as number));
    await expect(world.collect()).rejects.toThrow(`${first?.name} cannot be read`);
    expect(await generationsIn(world.store)).toEqual([1, 2, 3, 4, 5]);
  });

  it("never takes what a generation in the store needs, whatever happens in which order", async () => {
    const seed = runSeed();
    const random = seededRandom(seed);
    for (let run = 0; run < 15; run++) {
      const world = aWorld();
      await world.publish({ a: "0" });
      for (let step = 0; step < 40; step++) {
        const generations = await generationsIn(world.store);
        const action = random.pick([
          () => world.publish({ a: String(random.below(6)), b: String(random.below(3)) }),
          // What comes back after so much was forgotten.
          () => world.publish({ a: "0" }),
          () => world.forget(),
          () => world.restart(),
          () => rollback(world.operator, random.pick(generations)),
          () => resume(world.operator),
          () => world.collection.survey(),
          () => world.collection.sweep(),
          () => world.clock.advance(random.below(2 * HOUR)),
        ]);
        await action();
        for (const { ref } of await listManifests(world.store)) {
          const manifest = await readManifest(world.store, ref);
          const read = (ref: ChunkRef) => readChunk(world.store, ref);
          for await (const chunk of chunksOf(manifest, read)) {
            const isThere = world.store.objects.has(chunkName(chunk));
            expect(isThere, `seed ${seed}, run ${run}, step ${step}`).toBe(true);
          }
        }
        expect(await readLive(world.store), `seed ${seed}`).toBeDefined();
      }
    }
  });
});
