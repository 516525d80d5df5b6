import type { Clock } from "../clock.ts";
import { type AuditSchedule, createAuditSchedule } from "./audit.ts";
import { type Backoff, createBackoff } from "./backoff.ts";
import { readAll } from "./base-read.ts";
import { keysUnder } from "./key-bytes.ts";
import type { KeyspaceChange, Mirror, MirrorHealth } from "./keyspace.ts";
import { type Position, PositionLost } from "./position.ts";
import { EtcdError, type EtcdTransport } from "./transport.ts";
import { Stopped } from "./waiting.ts";
import { StalledError, type WatchDeps, type WatchTiming, watchFrom } from "./watch-session.ts";

export interface MirrorDeps {
  readonly transport: EtcdTransport;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** Every key that starts with it is mirrored, e.g. `/apisix/`. */
  readonly prefix: string;
  readonly timing?: Partial<MirrorTiming>;
  /** For the log: everything that went wrong, as it happens. */
  readonly onTrouble?: (trouble: Trouble) => void;
}

export interface MirrorTiming extends WatchTiming {
  readonly auditEveryMs: number;
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** Pause while etcd refuses the user: a person must act, and each login costs etcd CPU. */
  readonly deniedRetryMs: number;
  /** A stream that lived this long starts over with short pauses. */
  readonly healthyAfterMs: number;
}

export interface Trouble {
  readonly kind: "lost" | "stalled" | "denied" | "disconnected" | "audit failed";
  readonly error: unknown;
}

const TIMING: MirrorTiming = {
  progressEveryMs: 2000,
  silenceLimitMs: 6000,
  createdTimeoutMs: 5000,
  catchUpLimitRevisions: 100_000,
  auditEveryMs: 30 * 60_000,
  reconnectMinMs: 50,
  reconnectMaxMs: 2000,
  deniedRetryMs: 5000,
  healthyAfterMs: 5000,
};

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Between two streams: where to go on from, and what is known of why that would not do. */
interface Progress {
  position: Position | undefined;
  lost: { readonly isSameHistory: boolean } | undefined;
}

/** The keys under a prefix, kept equal to etcd's: a full read, then a watch from the next revision. */
export function createMirror(deps: MirrorDeps): Mirror {
  const timing = { ...TIMING, ...deps.timing };
  const health: Writable<MirrorHealth> = {
    state: "connecting",
    clusterId: undefined,
    revision: 0,
    keys: 0,
    lastProofAt: undefined,
    lastError: undefined,
    reconnects: 0,
    resyncs: 0,
    stalls: 0,
    auditMismatches: 0,
  };
  const observe = (position: Position) => {
    health.clusterId = position.clusterId;
    health.revision = position.revision;
    health.keys = position.held.size;
  };
  let current: Position | undefined;

  return {
    changes: (signal) => {
      const progress: Progress = { position: undefined, lost: undefined };
      const audits = scheduleAudits(timing, health, deps);
      return keepUp(progress, signal, {
        ...deps,
        timing,
        audits,
        health,
        onLive: () => {
          health.state = "live";
        },
        onProof: () => {
          health.lastProofAt = deps.clock.now();
        },
        onPosition: (position) => {
          current = position;
        },
      });
    },
    health: () => {
      if (current) observe(current);
      return { ...health };
    },
  };
}

interface RunDeps extends WatchDeps, Pick<MirrorDeps, "prefix" | "onTrouble"> {
  readonly timing: MirrorTiming;
  readonly health: Writable<MirrorHealth>;
  readonly onPosition: (position: Position) => void;
}

/** Read, watch, and after any fault the same again: recovery is the normal path. */
async function* keepUp(
  progress: Progress,
  signal: AbortSignal,
  deps: RunDeps,
): AsyncGenerator<KeyspaceChange, void> {
  const { health, timing, clock } = deps;
  const pauses = createBackoff(deps.random, {
    minMs: timing.reconnectMinMs,
    maxMs: timing.reconnectMaxMs,
  });
  try {
    while (!signal.aborted) {
      const startedAt = clock.now();
      try {
        yield* readAndWatch(progress, signal, deps);
      } catch (error) {
        if (error instanceof Stopped) return;
        note(error, progress, deps);
        if (clock.now() - startedAt > timing.healthyAfterMs) pauses.reset();
        await clock.sleep(pauseAfter(error, pauses, timing), signal);
        health.reconnects += 1;
      }
    }
  } finally {
    health.state = "stopped";
  }
}

async function* readAndWatch(
  progress: Progress,
  signal: AbortSignal,
  deps: RunDeps,
): AsyncGenerator<KeyspaceChange, void> {
  const range = keysUnder(deps.prefix);
  const { position: before, lost } = progress;
  if (!before || lost) {
    // What keeps us from reading stays in sight until it no longer does.
    if (deps.health.state === "connecting") deps.health.state = "reading";
    const again = before && lost && { position: before, ...lost };
    for await (const { change, position } of readAll(again, range, signal, deps)) {
      if (position) {
        progress.position = position;
        progress.lost = undefined;
        if (again) deps.health.resyncs += 1;
        deps.onPosition(position);
        deps.onProof();
      }
      yield change;
    }
  }
  if (progress.position) yield* watchFrom(progress.position, range, signal, deps);
}

function note(error: unknown, progress: Progress, deps: RunDeps): void {
  const { health, clock } = deps;
  const message = error instanceof Error ? error.message : String(error);
  health.lastError = { at: clock.now(), message };
  const kind = troubleKind(error);
  if (kind === "stalled") health.stalls += 1;
  if (kind === "stalled" || kind === "denied") health.state = kind;
  else if (health.state !== "stalled") health.state = "connecting";
  if (error instanceof PositionLost) {
    const isSameHistory = error.isSameHistory && progress.lost?.isSameHistory !== false;
    progress.lost = { isSameHistory };
  }
  deps.onTrouble?.({ kind, error });
}

function troubleKind(error: unknown): Trouble["kind"] {
  if (error instanceof PositionLost) return "lost";
  if (error instanceof StalledError) return "stalled";
  return isRefusal(error) ? "denied" : "disconnected";
}

function pauseAfter(error: unknown, pauses: Backoff, timing: MirrorTiming): number {
  const pause = pauses.next();
  return isRefusal(error) ? Math.max(pause, timing.deniedRetryMs) : pause;
}

function isRefusal(error: unknown): boolean {
  return (
    error instanceof EtcdError && (error.kind === "denied" || error.kind === "unauthenticated")
  );
}

function scheduleAudits(
  timing: MirrorTiming,
  health: Writable<MirrorHealth>,
  { clock, onTrouble }: MirrorDeps,
): AuditSchedule {
  return createAuditSchedule(timing.auditEveryMs, clock, {
    done: (mismatches) => {
      health.auditMismatches += mismatches;
    },
    failed: (error) => {
      const message = error instanceof Error ? error.message : String(error);
      health.lastError = { at: clock.now(), message: `audit: ${message}` };
      onTrouble?.({ kind: "audit failed", error });
    },
  });
}
