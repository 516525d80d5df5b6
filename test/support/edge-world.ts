import { BalancerPool } from "../../edge/balancer/balancer-pool.ts";
import { ActiveVerdicts } from "../../edge/health/active-verdicts.ts";
import { OverlayReader } from "../../edge/health/overlay-reader.ts";
import type { ChainSource } from "../../edge/plugins/chain-source.ts";
import type { ResolveSecret } from "../../edge/secrets.ts";
import { ChunkCache } from "../../edge/snapshot/chunk-cache.ts";
import { Freshness, type FreshnessSettings } from "../../edge/snapshot/freshness.ts";
import { Loader } from "../../edge/snapshot/loader.ts";
import { ObjectReader } from "../../edge/snapshot/object-reader.ts";
import type { SnapshotSource } from "../../edge/snapshot/source.ts";
import type { ObjectCache } from "../../edge/snapshot/sources/cached.ts";
import { chainBuilder } from "./plugin-deps.ts";
import type { WrittenSnapshot } from "./snapshots.ts";

/** A source that a test fills, empties and delays. */
export class MapSource implements SnapshotSource {
  readonly name: string;
  readonly objects = new Map<string, Uint8Array>();
  /** Names that were read, in order. */
  readonly reads: string[] = [];
  /** Awaited before every read; throw to be unreachable. */
  before: (name: string) => Promise<void> = async () => {};

  constructor(name = "first") {
    this.name = name;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    this.reads.push(name);
    await this.before(name);
    return this.objects.get(name)?.slice();
  }

  publish(snapshot: WrittenSnapshot): void {
    for (const [name, bytes] of snapshot.objects) this.objects.set(name, bytes);
  }
}

export class MapCache implements ObjectCache {
  readonly objects = new Map<string, Uint8Array>();

  async get(name: string): Promise<Uint8Array | undefined> {
    return this.objects.get(name)?.slice();
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.objects.set(name, bytes);
  }

  async delete(name: string): Promise<void> {
    this.objects.delete(name);
  }
}

export interface EdgeWorldOptions {
  /** What makes plugins run; absent: one of plugins that nothing outside answers. */
  readonly chains?: ChainSource;
  readonly sources?: readonly SnapshotSource[];
  readonly cache?: ObjectCache;
  readonly budgetBytes?: number;
  readonly settings?: Partial<FreshnessSettings>;
  readonly readTimeoutMs?: number;
  readonly resolveSecret?: ResolveSecret;
}

/** An isolate's loader and freshness on a clock that the test sets; timers are real but short. */
export function anEdge(options: EdgeWorldOptions = {}) {
  const source = new MapSource();
  const clock = { now: 1_000_000 };
  const timers = {
    after: (ms: number, action: () => void) => {
      const timer = setTimeout(action, ms);
      return () => clearTimeout(timer);
    },
  };
  const chunks = new ChunkCache(options.budgetBytes ?? 1024 * 1024);
  const reader = new ObjectReader({
    sources: options.sources ?? [source],
    cache: options.cache,
    timers,
    readTimeoutMs: options.readTimeoutMs ?? 200,
  });
  const now = () => clock.now;
  const verdicts = new ActiveVerdicts(now);
  const balancers = new BalancerPool({ now, random: () => 0, verdicts });
  const overlays = new OverlayReader(reader, verdicts);
  const { chains = chainBuilder(), resolveSecret } = options;
  const snapshot = { balancers, chains, resolveSecret };
  const loader = new Loader({ reader, chunks, snapshot });
  const freshness = new Freshness({
    loader,
    overlays,
    settings: {
      refreshIntervalMs: 5000,
      staleAfterMs: 60_000,
      staleWaitMs: 100,
      firstLoadMs: 1000,
      ...options.settings,
    },
    timers,
    now,
    random: () => 0.5,
  });
  const background: Promise<unknown>[] = [];
  return {
    source,
    clock,
    chunks,
    loader,
    freshness,
    verdicts,
    balancers,
    overlays,
    current: () => freshness.current((work) => background.push(work)),
    /** Everything that requests left running. */
    settled: async () => {
      while (background.length > 0) await background.pop();
    },
  };
}
