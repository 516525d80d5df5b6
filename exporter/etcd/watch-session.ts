import { type AuditSchedule, createAuditRun } from "./audit.ts";
import { continues, type ReadDeps } from "./base-read.ts";
import type { KeyRange } from "./key-bytes.ts";
import type { KeyspaceChange } from "./keyspace.ts";
import { applyEvents, type Position, PositionLost, testimonyOf } from "./position.ts";
import { EtcdError, type WatchMessage, type WatchStream } from "./transport.ts";
import { TOO_LATE, untilStopped, within } from "./waiting.ts";

export interface WatchTiming {
  /** How often a silent stream is asked for a sign of life. */
  readonly progressEveryMs: number;
  /** A stream silent for longer, although asked, is stalled. */
  readonly silenceLimitMs: number;
  /** A watch that etcd has not confirmed by then is given up. */
  readonly createdTimeoutMs: number;
  /** Further behind than this, reading everything again costs less than catching up. */
  readonly catchUpLimitRevisions: number;
}

export interface WatchDeps extends ReadDeps {
  readonly timing: WatchTiming;
  readonly audits: AuditSchedule;
  /** The stream stands and goes on from the position. */
  readonly onLive: () => void;
  /** etcd proved that the mirror is current. */
  readonly onProof: () => void;
}

/** The stream was open but silent, although asked for a sign of life. */
export class StalledError extends Error {
  override readonly name = "StalledError";
}

/**
 * One watch stream from `position` on, which it moves. It never returns by itself: it ends with the error
 * that ended the stream, `PositionLost` where going on from the position would miss something.
 */
export async function* watchFrom(
  position: Position,
  range: Required<KeyRange>,
  signal: AbortSignal,
  deps: WatchDeps,
): AsyncGenerator<KeyspaceChange, never> {
  const { transport, timing, clock } = deps;
  const start = { ...range, startRevision: position.revision + 1 };
  const opening = transport.watch(start);
  const stream = await untilStopped(opening, signal).catch(async (error: unknown) => {
    // Whoever stops in this moment must not leave a stream behind.
    void opening.then((late) => late.cancel("done")).catch(() => {});
    throw error;
  });
  const ended = new AbortController();
  let isSilent = false;
  try {
    const first = await within(untilStopped(stream.next(), signal), timing.createdTimeoutMs, clock);
    if (first === TOO_LATE) {
      isSilent = true;
      throw new EtcdError("unavailable", "watch: not confirmed in time");
    }
    await proveHistory(position, range, signal, deps);
    deps.onLive();
    return yield* follow(stream, position, range, AbortSignal.any([signal, ended.signal]), deps);
  } catch (error) {
    isSilent ||= error instanceof StalledError;
    throw asLost(error);
  } finally {
    ended.abort();
    await stream.cancel(isSilent ? "silent" : "done");
  }
}

async function* follow(
  stream: WatchStream,
  position: Position,
  range: Required<KeyRange>,
  signal: AbortSignal,
  deps: WatchDeps,
): AsyncGenerator<KeyspaceChange, never> {
  const { timing, clock } = deps;
  const audit = createAuditRun(position, range, signal, deps);
  // Counted in waits, not in clock time: while the consumer keeps us waiting nothing is counted, and a
  // clock that is set anew does no harm.
  let silentMs = 0;
  let next: Promise<WatchMessage> | undefined;
  for (;;) {
    next ??= untilStopped(stream.next(), signal);
    const message = await within(next, timing.progressEveryMs, clock);
    if (message === TOO_LATE) {
      silentMs += timing.progressEveryMs;
      if (silentMs >= timing.silenceLimitMs) {
        throw new StalledError(`no word from etcd for ${silentMs} ms on an open stream`);
      }
      stream.requestProgress();
    } else {
      next = undefined;
      silentMs = 0;
      deps.onProof();
      if (message.kind === "pulse") audit.pulse();
      if (message.kind === "progress") advance(position, message.header.revision);
      const change = message.kind === "events" && applyEvents(position, message.events);
      if (change) yield change;
    }
    audit.step();
  }
}

/**
 * Events alone do not show that etcd was restored or that the revisions after ours are already compacted
 * (and some releases of etcd then leave out a delete, etcd-io/etcd#18089). A read as of our revision
 * shows both; that it bears our testimony out shows that it is the same history.
 */
async function proveHistory(
  position: Position,
  range: Required<KeyRange>,
  signal: AbortSignal,
  { transport, timing, audits, onProof }: WatchDeps,
): Promise<void> {
  const { revision } = position;
  const as = { revision, keysOnly: true };
  const ours = testimonyOf(position);
  const { header, count } = await untilStopped(
    transport.range({ ...range, ...as, limit: 1 }),
    signal,
  );
  if (!continues(position, header)) {
    throw new PositionLost(
      `etcd is at revision ${header.revision} of cluster ${header.clusterId}, term ` +
        `${header.raftTerm}; the mirror at ${revision} of ${position.clusterId}, term ` +
        `${position.raftTerm}: another or a restored etcd`,
      false,
    );
  }
  const restored = (found: string, seen: string) =>
    new PositionLost(
      `at revision ${revision} etcd has ${found}, the mirror saw ${seen}: a restored etcd`,
      false,
    );
  if (count !== ours.count) throw restored(`${count} keys`, `${ours.count}`);
  for (const [key, seen] of ours.keys) {
    const { kvs } = await untilStopped(transport.range({ key, ...as }), signal);
    const found = kvs[0]?.modRevision ?? 0;
    if (found !== seen) throw restored(`${key} of revision ${found}`, `${seen}`);
  }
  const behind = header.revision - revision;
  if (behind > timing.catchUpLimitRevisions) {
    throw new PositionLost(`the mirror is ${behind} revisions behind`, true);
  }
  // A new term is an election, or a restore that this read cannot tell: one from a backup of before
  // revisions that were all outside our prefix. Only looking at every key can.
  if (header.raftTerm !== position.raftTerm) audits.soon();
  position.raftTerm = header.raftTerm;
  onProof();
}

/** Keeps a quiet prefix of a busy etcd from falling behind its compactions. */
function advance(position: Position, revision: number): void {
  position.revision = Math.max(position.revision, revision);
}

function asLost(error: unknown): unknown {
  if (!(error instanceof EtcdError)) return error;
  if (error.kind === "compacted") {
    return new PositionLost("the history after the mirror's revision is compacted", true, {
      cause: error,
    });
  }
  if (error.kind === "future-revision") {
    return new PositionLost("etcd's revision went back: a restored etcd", false, { cause: error });
  }
  return error;
}
