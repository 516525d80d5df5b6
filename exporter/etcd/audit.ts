import type { Clock } from "../clock.ts";
import { type ReadDeps, readPages } from "./base-read.ts";
import type { KeyRange } from "./key-bytes.ts";
import { type Position, PositionLost } from "./position.ts";

/**
 * Some releases of etcd lose watch events without any error (etcd-io/etcd#17529, #15271, ...). So now and
 * then all keys are listed without values, and every mod revision compared with the mirror's.
 */
export interface AuditSchedule {
  isDue(): boolean;
  /** The next audit need not wait for its time: something happened that could hide a restore. */
  soon(): void;
  /** An audit has come to its end: `mismatches` keys differed. */
  done(mismatches: number): void;
  /** An audit could not be finished; the next one comes at its usual time. */
  failed(error: unknown): void;
}

export interface AuditRun {
  /** A sign of life came: what was under way to us before has most likely arrived. */
  pulse(): void;
  /** Starts an audit when due, ends one when it can be judged. Throws `PositionLost` on a mismatch. */
  step(): void;
}

/** Signs of life after which events from before the listing are no longer waited for. */
const PULSES_TO_SETTLE = 3;
const KEYS_NAMED = 5;

interface Listing {
  /** The revision that was listed. */
  readonly revision: number;
  /** Keys that differed when they were listed, with the listed mod revision; 0 for an absent key. */
  readonly suspects: ReadonlyMap<string, number>;
}

/** Audits of the mirror while one stream lives. */
export function createAuditRun(
  position: Position,
  range: Required<KeyRange>,
  signal: AbortSignal,
  deps: ReadDeps & { readonly audits: AuditSchedule },
): AuditRun {
  let isRunning = false;
  let listing: Listing | undefined;
  let pulses = 0;

  const start = async () => {
    isRunning = true;
    position.deletedDuringAudit = new Map();
    try {
      listing = await list(position, range, signal, deps);
      pulses = 0;
    } catch (error) {
      if (!signal.aborted) deps.audits.failed(error);
      end();
    }
  };
  const end = () => {
    isRunning = false;
    listing = undefined;
    position.deletedDuringAudit = undefined;
  };

  return {
    pulse: () => {
      pulses += 1;
    },
    step: () => {
      if (!isRunning && deps.audits.isDue()) void start();
      if (!listing) return;
      const isSettled = position.revision >= listing.revision || pulses >= PULSES_TO_SETTLE;
      if (listing.suspects.size > 0 && !isSettled) return;
      const { revision, suspects } = listing;
      const wrong = [...suspects].filter(([key, at]) => differs(position, revision, key, at));
      end();
      deps.audits.done(wrong.length);
      if (wrong.length === 0) return;
      const named = wrong.slice(0, KEYS_NAMED).map(([key]) => key);
      throw new PositionLost(
        `the audit at revision ${revision} found ${wrong.length} keys that differ, such as ` +
          named.join(", "),
        false,
      );
    },
  };
}

export function createAuditSchedule(
  everyMs: number,
  clock: Clock,
  on: Pick<AuditSchedule, "done" | "failed">,
): AuditSchedule {
  let dueAt = clock.now() + everyMs;
  const again = () => {
    dueAt = clock.now() + everyMs;
  };
  return {
    isDue: () => clock.now() >= dueAt,
    soon: () => {
      dueAt = clock.now();
    },
    done: (mismatches) => {
      again();
      on.done(mismatches);
    },
    failed: (error) => {
      again();
      on.failed(error);
    },
  };
}

async function list(
  position: Position,
  range: Required<KeyRange>,
  signal: AbortSignal,
  deps: ReadDeps,
): Promise<Listing> {
  const suspects = new Map<string, number>();
  const listed = new Set<string>();
  let revision: number | undefined;
  for await (const { header, kvs } of readPages(range, { keysOnly: true, signal }, deps)) {
    revision ??= header.revision;
    for (const { key, modRevision } of kvs) {
      listed.add(key);
      if (differs(position, revision, key, modRevision)) suspects.set(key, modRevision);
    }
  }
  for (const key of position.held.keys()) {
    if (!listed.has(key) && differs(position, revision ?? 0, key, 0)) suspects.set(key, 0);
  }
  return { revision: revision ?? 0, suspects };
}

/** Whether the mirror contradicts the listing; what changed after the listing contradicts nothing. */
function differs(position: Position, revision: number, key: string, listedAt: number): boolean {
  const heldAt = position.held.get(key) ?? 0;
  if (heldAt === listedAt || heldAt > revision) return false;
  return (position.deletedDuringAudit?.get(key) ?? 0) <= revision;
}
