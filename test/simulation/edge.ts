import { BalancerPool } from "../../edge/balancer/balancer-pool.ts";
import { ActiveVerdicts } from "../../edge/health/active-verdicts.ts";
import { OverlayReader } from "../../edge/health/overlay-reader.ts";
import { ChunkCache } from "../../edge/snapshot/chunk-cache.ts";
import { Freshness } from "../../edge/snapshot/freshness.ts";
import { Loader } from "../../edge/snapshot/loader.ts";
import { ObjectReader } from "../../edge/snapshot/object-reader.ts";
import type { OpenSnapshot } from "../../edge/snapshot/open-snapshot.ts";
import type { ObjectStore } from "../../exporter/store/object-store.ts";
import { chainBuilder } from "../support/plugin-deps.ts";
import type { Random } from "../support/random.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";

/** Shares of an edge's reads that go wrong on the way. */
export interface ReadFaults {
  failures: number;
  corruptions: number;
  truncations: number;
}

/** All of a snapshot, or about the chunks of one route: then they come and go with the requests. */
const MEMORY_BYTES = [1024 * 1024, 1024 * 1024, 1500];

/** One isolate: the edge's own loader and freshness over a bad network to the bucket. */
export function startEdge(
  bucket: ObjectStore,
  clock: VirtualClock,
  random: Random,
  faults: ReadFaults,
): { current(): Promise<OpenSnapshot | undefined> } {
  const timers = { after: (ms: number, action: () => void) => clock.after(ms, action) };
  const source = {
    name: "r2",
    read: async (name: string) => {
      // Most are at once: time is what a simulation takes longest for.
      if (random.chance(0.2)) await clock.sleep(random.below(200));
      if (random.chance(faults.failures)) throw new Error("simulated: no answer");
      const bytes = (await bucket.get(name))?.bytes;
      return bytes && damaged(bytes, random, faults);
    },
  };
  const reader = new ObjectReader({
    sources: [source],
    cache: undefined,
    timers,
    readTimeoutMs: 2000,
  });
  const chunks = new ChunkCache(random.pick(MEMORY_BYTES));
  const now = () => clock.now();
  const verdicts = new ActiveVerdicts(now);
  const balancers = new BalancerPool({ now, random: () => random.next(), verdicts });
  const loader = new Loader({ reader, chunks, snapshot: { balancers, chains: chainBuilder() } });
  const freshness = new Freshness({
    loader,
    overlays: new OverlayReader(reader, verdicts),
    settings: {
      refreshIntervalMs: 2000,
      staleAfterMs: 20_000,
      staleWaitMs: 500,
      firstLoadMs: 5000,
    },
    timers,
    now,
    random: () => random.next(),
  });
  return { current: async () => freshness.current(() => {}) };
}

function damaged(bytes: Uint8Array, random: Random, faults: ReadFaults): Uint8Array {
  if (bytes.length === 0) return bytes;
  if (random.chance(faults.truncations)) return bytes.slice(0, random.below(bytes.length));
  if (!random.chance(faults.corruptions)) return bytes;
  const broken = bytes.slice();
  const at = random.below(broken.length);
  broken[at] = (broken[at] as number) ^ (1 + random.below(255));
  return broken;
}
