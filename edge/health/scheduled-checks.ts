import { activeCheckOf, nodeAddress, probeOf } from "../../shared/health/active-check.ts";
import { NodeHealth } from "../../shared/health/node-health.ts";
import {
  decodeOverlay,
  HEALTH_OVERLAY_NAMES,
  type HealthOverlay,
} from "../../shared/health/overlay.ts";
import { parseResourceKey } from "../../shared/resources/resource-key.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import { SnapshotError } from "../../shared/snapshot/errors.ts";
import type { Loader } from "../snapshot/loader.ts";
import type { OpenSnapshot } from "../snapshot/open-snapshot.ts";
import { CheckRun, type CheckRunDeps, type CheckTarget } from "./check-run.ts";
import {
  type OverlayBucket,
  OverlayPublisher,
  type OverlayPublisherDeps,
} from "./overlay-publisher.ts";
import { SubrequestsSpent } from "./prober.ts";

export interface ScheduledChecksSettings {
  /** How long one run probes; with a cron trigger every minute, a little less than that. */
  readonly runMs: number;
  /** At most so many probes a run, for the platform's limit on subrequests. */
  readonly probes: number;
}

export interface ScheduledChecksDeps
  extends Omit<CheckRunDeps, "onTurn" | "onUnsendable">,
    Omit<OverlayPublisherDeps, "bucket"> {
  readonly loader: Loader;
  /** Undefined where the snapshots do not lie in R2. */
  readonly bucket: OverlayBucket | undefined;
  readonly settings: ScheduledChecksSettings;
}

/** Six connections may wait for an answer at once; the last is that of writing the overlay. */
const PROBES_AT_ONCE = 5;
/** A run that did not come, as crons may, must not bring dead nodes back. */
const VALID_SECONDS = 150;
const HEARTBEAT_MS = 30_000;

/**
 * The active checks of upstreams that the exporter cannot reach and leaves to the edge: a cron trigger
 * runs them from Cloudflare, by the ways that requests take, and what they find goes into the bucket.
 */
export class ScheduledChecks {
  readonly #deps: ScheduledChecksDeps;
  /** By upstream and address; counters go on from one run of this isolate to its next. */
  #health = new Map<string, NodeHealth>();
  #lastWritten: string | undefined;
  #runsUntil = Number.NEGATIVE_INFINITY;

  constructor(deps: ScheduledChecksDeps) {
    this.#deps = deps;
  }

  /** One run of the cron trigger; what goes wrong is logged. */
  async run(): Promise<void> {
    const { bucket, log, loader, now, settings } = this.#deps;
    if (!bucket) {
      log("health checks: HEALTH_CHECKS=left needs the bucket bound as SNAPSHOTS, to write to");
      return;
    }
    if (now() < this.#runsUntil) {
      log("health checks: the run before this one is still under way");
      return;
    }
    const endsAt = now() + settings.runMs;
    this.#runsUntil = endsAt;
    try {
      await loader.refresh();
      if (!loader.held) throw new Error("no configuration could be loaded");
      const targets = await this.#targets(loader.held, bucket);
      if (targets.length > 0) await this.#check(targets, loader.held, bucket, endsAt);
    } catch (error) {
      log(`health checks: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      this.#runsUntil = Number.NEGATIVE_INFINITY;
    }
  }

  async #check(
    targets: readonly CheckTarget[],
    { manifest }: OpenSnapshot,
    bucket: OverlayBucket,
    endsAt: number,
  ): Promise<void> {
    const { log, settings, timers } = this.#deps;
    const publisher = new OverlayPublisher({ ...this.#deps, bucket }, (writtenAt) =>
      overlayOf(targets, manifest.namespace, writtenAt),
    );
    const onTurn = ({ key, address, health }: CheckTarget) => {
      log(`health checks: ${address} of ${key} is ${health.isHealthy ? "back" : "down"}`);
      publisher.changed();
    };
    const unsendable = new Set<CheckTarget>();
    const onUnsendable = (target: CheckTarget, reason: string) => {
      if (unsendable.has(target)) return;
      unsendable.add(target);
      log(`health checks: ${target.address} of ${target.key} cannot be probed: ${reason}`);
    };
    let cancelBeat = () => {};
    const beat = () => {
      publisher.changed();
      cancelBeat = timers.after(HEARTBEAT_MS, beat);
    };
    this.#tellIfSlow(targets);
    beat();
    try {
      const limits = { endsAt, probes: settings.probes, atOnce: PROBES_AT_ONCE };
      await new CheckRun(targets, limits, { ...this.#deps, onTurn, onUnsendable }).run();
    } catch (error) {
      if (!(error instanceof SubrequestsSpent)) throw error;
      log("health checks: the platform's subrequests are spent; lower HEALTH_CHECK_PROBES");
    } finally {
      cancelBeat();
      publisher.changed();
      await publisher.settled();
      this.#lastWritten = publisher.lastWritten;
    }
  }

  /** Every node of what the exporter leaves to this job, each in the state in which it was last. */
  async #targets(snapshot: OpenSnapshot, bucket: OverlayBucket): Promise<CheckTarget[]> {
    const { namespace } = snapshot.manifest;
    const keys = (await readOverlay(bucket, "exporter", namespace))?.leftToEdge ?? [];
    if (keys.length === 0) return [];
    const last = await readOverlay(bucket, "edge", namespace);
    const known = this.#healthNow(last);
    const targets = new Map<string, CheckTarget>();
    for (const key of keys) {
      const upstream = await upstreamAt(snapshot, key);
      const check = upstream && activeCheckOf(upstream);
      if (!upstream || !check) continue;
      for (const node of upstream.nodes) {
        const address = nodeAddress(upstream, node);
        const id = `${key}\n${address}`;
        const health = known.get(id) ?? new NodeHealth();
        const probe = probeOf(upstream, node, check);
        // A node whose checks have changed since may need more than it had: limits are the new ones.
        targets.set(id, { key, address, check, probe, health });
      }
    }
    this.#health = new Map([...targets].map(([id, { health }]) => [id, health]));
    return [...targets.values()];
  }

  /** This isolate's own counters, if it ran last; else what the last run wrote. */
  #healthNow(last: HealthOverlay | undefined): ReadonlyMap<string, NodeHealth> {
    if (!last || last.writtenAt === this.#lastWritten) return this.#health;
    const known = new Map<string, NodeHealth>();
    if (Date.parse(last.writtenAt) + last.validSeconds * 1000 <= this.#deps.now()) return known;
    for (const [key, addresses] of Object.entries(last.down)) {
      for (const address of addresses) known.set(`${key}\n${address}`, deadNode());
    }
    return known;
  }

  #tellIfSlow(targets: readonly CheckTarget[]): void {
    const { log, settings } = this.#deps;
    const wanted = targets.reduce((sum, { check }) => {
      const { intervalMs } = check.healthy;
      return sum + (intervalMs === 0 ? 0 : settings.runMs / intervalMs);
    }, 0);
    if (wanted <= settings.probes) return;
    log(
      `health checks: ${targets.length} nodes want ${Math.ceil(wanted)} probes a run and get ` +
        `${settings.probes}: they are probed less often than configured; raise HEALTH_CHECK_PROBES`,
    );
  }
}

function overlayOf(
  targets: readonly CheckTarget[],
  namespace: string,
  writtenAt: string,
): HealthOverlay {
  const down: Record<string, string[]> = {};
  for (const { key, address, health } of targets) {
    if (health.isHealthy) continue;
    const addresses = down[key] ?? [];
    addresses.push(address);
    down[key] = addresses;
  }
  return {
    format: 1,
    namespace,
    writtenAt,
    writtenBy: "the edge's scheduled job",
    validSeconds: VALID_SECONDS,
    down,
    leftToEdge: [],
  };
}

/** Undefined where there is none, or it cannot be used: then nothing is known. */
async function readOverlay(
  bucket: OverlayBucket,
  checker: keyof typeof HEALTH_OVERLAY_NAMES,
  namespace: string,
): Promise<HealthOverlay | undefined> {
  const name = HEALTH_OVERLAY_NAMES[checker];
  try {
    const bytes = await bucket.read(name);
    const overlay = bytes && decodeOverlay(bytes, name);
    return overlay?.namespace === namespace ? overlay : undefined;
  } catch (error) {
    if (error instanceof SnapshotError) return undefined;
    throw error;
  }
}

async function upstreamAt(snapshot: OpenSnapshot, key: string): Promise<Upstream | undefined> {
  const parsed = parseResourceKey(key);
  if (parsed.is !== "resource") return undefined;
  const { kind, id } = parsed;
  if (kind === "upstreams") return (await snapshot.resource(kind, id))?.value;
  if (kind !== "routes" && kind !== "services") return undefined;
  return (await snapshot.resource(kind, id))?.value.upstream;
}

function deadNode(): NodeHealth {
  const health = new NodeHealth();
  const once = { success: 1, "http-failure": 1, "tcp-failure": 1, timeout: 1 };
  health.observe("tcp-failure", once);
  return health;
}
