import type { HEALTH_OVERLAY_NAMES, HealthOverlay } from "../../shared/health/overlay.ts";

/** Who probes nodes and writes down what it found. */
export type CheckerName = keyof typeof HEALTH_OVERLAY_NAMES;

interface Held {
  readonly overlay: HealthOverlay;
  /** When this overlay was first read, and when it was written by its writer's clock; milliseconds. */
  readonly seenAt: number;
  readonly writtenAt: number;
  /** Until when it is believed, by this isolate's clock. */
  readonly until: number;
  readonly down: ReadonlyMap<string, ReadonlySet<string>>;
  readonly left: ReadonlySet<string>;
}

/**
 * What active checks have found, as this isolate last read it: the union of the exporter's overlay and of
 * the scheduled edge job's. A verdict ends by itself when its overlay is not written again.
 */
export class ActiveVerdicts {
  readonly #now: () => number;
  readonly #held: Record<CheckerName, Held | undefined> = { exporter: undefined, edge: undefined };

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** In the place of what the same writer said before; undefined: it says nothing. */
  accept(writer: CheckerName, overlay: HealthOverlay | undefined): void {
    this.#held[writer] = overlay && this.#heldOf(overlay, this.#held[writer]);
  }

  /** Addresses (`host:port`) of the upstream's dead nodes; undefined: none. */
  downOf(key: string): ReadonlySet<string> | undefined {
    const byExporter = this.#fresh("exporter")?.down.get(key);
    const byEdge = this.#fresh("edge")?.down.get(key);
    if (!byExporter || !byEdge) return byExporter ?? byEdge;
    return new Set([...byExporter, ...byEdge]);
  }

  /** When that was written which would name the upstream's dead nodes; undefined: nobody tells now. */
  toldAt(key: string): number | undefined {
    // Who is to look stays known when what was seen has become stale.
    const isLeft = this.#held.exporter?.left.has(key) ?? false;
    return this.#fresh(isLeft ? "edge" : "exporter")?.writtenAt;
  }

  /** Whether the exporter leaves any upstream to the edge's job. */
  get leavesSome(): boolean {
    return (this.#held.exporter?.left.size ?? 0) > 0;
  }

  /** For the status page. */
  report(writer: CheckerName) {
    const held = this.#held[writer];
    if (!held) return undefined;
    let nodesDown = 0;
    for (const addresses of held.down.values()) nodesDown += addresses.size;
    return {
      writtenBy: held.overlay.writtenBy,
      ageSeconds: (this.#now() - held.writtenAt) / 1000,
      isFresh: this.#now() < held.until,
      nodesDown,
    };
  }

  #heldOf(overlay: HealthOverlay, before: Held | undefined): Held {
    const writtenAt = Date.parse(overlay.writtenAt);
    const seenAt = before?.writtenAt === writtenAt ? before.seenAt : this.#now();
    const down = new Map(
      Object.entries(overlay.down).map(([key, addresses]) => [key, new Set(addresses)]),
    );
    return {
      overlay,
      seenAt,
      writtenAt,
      // A writer whose clock is ahead is not believed for longer than it asks.
      until: Math.min(writtenAt, seenAt) + overlay.validSeconds * 1000,
      down,
      left: new Set(overlay.leftToEdge),
    };
  }

  #fresh(writer: CheckerName): Held | undefined {
    const held = this.#held[writer];
    return held && this.#now() < held.until ? held : undefined;
  }
}
