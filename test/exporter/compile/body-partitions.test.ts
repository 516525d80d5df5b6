import { expect, it } from "vitest";
import { BodyPartitions } from "../../../exporter/compile/body-partitions.ts";
import { BodyChunk, partitionOf } from "../../../shared/snapshot/body-chunk.ts";

const NONE: ReadonlySet<string> = new Set();

/** Bodies of 1 KiB under `count` keys, in the partitions that they take. */
async function settled(partitions: BodyPartitions, count: number) {
  const keys = Array.from({ length: count }, (_, i) => `routes/${i}`);
  const body = new TextEncoder().encode(JSON.stringify("x".repeat(1_022)));
  partitions.note(keys, () => true);
  const fresh = new Map<string, Uint8Array>();
  const refs = await partitions.settle(
    partitions.encode(() => body, NONE),
    NONE,
    fresh,
  );
  return { keys, refs, fresh };
}

it.each([
  [100, 1],
  [950, 16],
  [5_000, 128],
])("%d bodies of 1 KiB take %d partitions", async (count, partitions) => {
  expect((await settled(new BodyPartitions(), count)).refs).toHaveLength(partitions);
});

it("every key lies in the partition that a reader looks in", async () => {
  const { keys, refs, fresh } = await settled(new BodyPartitions(), 1_000);
  for (const key of keys) {
    const ref = refs[partitionOf(key, refs.length)];
    const chunk = new BodyChunk(fresh.get(ref?.sha256 ?? "") as Uint8Array, "chunks/test");
    expect(chunk.find(key), key).toBeDefined();
  }
});

it("the number stays while the average is bearable, so that growth seldom rewrites everything", async () => {
  const partitions = new BodyPartitions();
  expect((await settled(partitions, 950)).refs).toHaveLength(16);
  expect((await settled(partitions, 1_900)).refs).toHaveLength(16);
  expect((await settled(partitions, 2_200)).refs).toHaveLength(64);
});

it("the number falls when most bodies went", async () => {
  const partitions = new BodyPartitions();
  const { keys } = await settled(partitions, 5_000);
  partitions.note(keys, (key) => Number(key.slice("routes/".length)) < 100);
  const body = new TextEncoder().encode(JSON.stringify("x".repeat(1_022)));
  const refs = await partitions.settle(
    partitions.encode(() => body, NONE),
    NONE,
    new Map(),
  );
  expect(refs).toHaveLength(2);
});
