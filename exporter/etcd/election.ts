import type { Fence } from "../../shared/snapshot/format.ts";
import type { Clock } from "../clock.ts";
import { createBackoff } from "./backoff.ts";
import { EtcdError, type EtcdTransport, type TxnAnswer } from "./transport.ts";
import { Stopped, untilStopped } from "./waiting.ts";

/**
 * One leader at a time among the exporters of a namespace (invariant 9).
 *
 * The leader is whoever could create the lock key, under a lease that it keeps alive. It stops acting a
 * margin before etcd could let the lease expire, counted from when the last answered renewal was SENT,
 * by a clock that nobody sets; so at no time do two act, as long as clocks run at about the same speed.
 * For the moment that this cannot cover (a process frozen between a check and its write), the fence
 * goes with every move of the pointer: tokens of one cluster only grow.
 */
export interface ElectionDeps {
  readonly transport: EtcdTransport;
  readonly clock: Clock;
  /** Milliseconds from any point on, never set back or forward: `monotonicNow` of clock.ts. */
  readonly monotonicNow: () => number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly namespace: string;
  /** Written into the lock key, for a person who asks who leads. */
  readonly by: string;
  /** How long after the leader's last word another may lead. */
  readonly ttlSeconds: number;
  /** For the log: why there is no answer, or why leadership was lost. */
  readonly onTrouble?: (error: unknown) => void;
}

export interface Leadership {
  /** The lock key's create revision, and the cluster that counted it. */
  readonly fence: Fence;
  /** Aborts when the leadership is lost or given up; `reason` is an Error that says why. */
  readonly signal: AbortSignal;
  /** Asks etcd whether the lock is still ours; false also where there is no answer. */
  confirm(): Promise<boolean>;
  /** Gives the lock back at once, so that nobody waits for the lease to end. Never rejects. */
  resign(): Promise<void>;
}

/**
 * Waits to be elected; undefined when `signal` aborts first. It retries every fault of etcd. A
 * leadership outlives `signal`: whoever has it finishes its work, then resigns.
 */
export type Campaign = (signal: AbortSignal) => Promise<Leadership | undefined>;

/** Keys of the locks; the exporter's etcd user needs read and write permission for them. */
export const LOCK_PREFIX = "/snapgate/leader/";

/** Share of the TTL by which a leader stops early: two clocks may not run quite alike. */
const MARGIN_SHARE = 0.2;
/** How often a follower looks whether the lock is free, at most, in ms. */
const POLL_MS = 1000;

export function createElection(deps: ElectionDeps): Campaign {
  const backoff = createBackoff(deps.random, { minMs: 50, maxMs: 2000 });
  const pollMs = Math.min(POLL_MS, (deps.ttlSeconds * 1000) / 5);
  // Of the lock that was ours last: after an outage it may still stand in our own way.
  let lastLease: string | undefined;
  return async (signal) => {
    while (!signal.aborted) {
      try {
        const won = await tryToLead(deps, signal, lastLease);
        lastLease = won?.leaseId ?? lastLease;
        if (won) return lead(won, deps);
        backoff.reset();
        await deps.clock.sleep(pollMs * (0.5 + deps.random() / 2), signal);
      } catch (error) {
        if (error instanceof Stopped) return undefined;
        deps.onTrouble?.(error);
        await deps.clock.sleep(backoff.next(), signal);
      }
    }
    return undefined;
  };
}

/** The lock, taken: by which lease, and until when it is ours for certain (monotonic). */
interface Lock {
  readonly key: string;
  readonly leaseId: string;
  readonly fence: Fence;
  readonly heldUntil: number;
}

/** One attempt; undefined where another leads. A lock under `lastLease` is our own, and nobody acts by it. */
async function tryToLead(
  deps: ElectionDeps,
  signal: AbortSignal,
  lastLease: string | undefined,
): Promise<Lock | undefined> {
  const { transport, ttlSeconds } = deps;
  const key = `${LOCK_PREFIX}${deps.namespace}`;
  const { kvs } = await untilStopped(transport.range({ key, keysOnly: true }), signal);
  const [held] = kvs;
  if (held && held.leaseId !== lastLease) return undefined;
  if (held) await untilStopped(transport.leaseRevoke(held.leaseId), signal);

  const sentAt = deps.monotonicNow();
  const { leaseId } = await untilStopped(transport.leaseGrant(ttlSeconds), signal);
  try {
    const answer = await untilStopped(takeLock(transport, key, leaseId, deps.by), signal);
    const token = ownToken(answer, leaseId);
    if (token !== undefined) {
      const fence = { clusterId: answer.header.clusterId, token };
      return { key, leaseId, fence, heldUntil: heldUntil(sentAt, ttlSeconds) };
    }
  } catch (error) {
    // The lock may be ours without our knowing; without its lease it is nobody's.
    await revoke(transport, leaseId);
    throw error;
  }
  await revoke(transport, leaseId);
  return undefined;
}

/** Creates the lock key where there is none; asked twice, the second time finds its own. */
async function takeLock(
  transport: EtcdTransport,
  key: string,
  leaseId: string,
  by: string,
): Promise<TxnAnswer> {
  const request = {
    compare: [{ key, target: "create", equals: 0 }],
    success: [{ do: "put", key, value: by, leaseId }],
    failure: [{ do: "get", key }],
  } as const;
  try {
    return await transport.txn(request);
  } catch (error) {
    if (!(error instanceof EtcdError) || error.kind !== "unavailable") throw error;
    return transport.txn(request);
  }
}

/** The create revision of the lock, where it is under our lease. */
function ownToken(answer: TxnAnswer, leaseId: string): number | undefined {
  if (answer.succeeded) return answer.header.revision;
  const [found] = answer.answers;
  const lock = found?.did === "get" ? found.kvs[0] : undefined;
  return lock?.leaseId === leaseId ? lock.createRevision : undefined;
}

/** Keeps the lock until it is lost or given back. */
function lead(lock: Lock, deps: ElectionDeps): Leadership {
  const over = new AbortController();
  const end = (why: Error) => {
    if (!over.signal.aborted) over.abort(why);
  };
  const renewing = renewUntil(over.signal, lock, deps).catch((error: unknown) => {
    if (over.signal.aborted) return;
    deps.onTrouble?.(error);
    end(error instanceof Error ? error : new Error(String(error)));
  });
  return {
    fence: lock.fence,
    signal: over.signal,
    confirm: () =>
      confirm(lock, deps.transport).catch((error: unknown) => {
        deps.onTrouble?.(error);
        return false;
      }),
    resign: async () => {
      end(new Error("resigned"));
      await renewing;
      await revoke(deps.transport, lock.leaseId);
    },
  };
}

/** Renews every third of the TTL; ends by throwing why the leadership is over. */
async function renewUntil(over: AbortSignal, lock: Lock, deps: ElectionDeps): Promise<void> {
  const { clock, monotonicNow, ttlSeconds } = deps;
  const everyMs = (ttlSeconds * 1000) / 3;
  let until = lock.heldUntil;
  let waitMs = everyMs;
  while (!over.aborted) {
    await clock.sleep(Math.min(waitMs, until - monotonicNow()), over);
    if (over.aborted) return;
    if (monotonicNow() >= until) {
      throw new EtcdError("unavailable", "leadership: no renewal was answered in time");
    }
    const sentAt = monotonicNow();
    const renewed = await renew(lock, deps, { limitMs: until - sentAt, over });
    if (renewed) until = heldUntil(sentAt, ttlSeconds);
    waitMs = renewed ? everyMs : everyMs / 8;
  }
}

/** Whether etcd confirmed lease and lock within `limitMs`; throws where they are gone. */
async function renew(
  lock: Lock,
  deps: ElectionDeps,
  { limitMs, over }: { readonly limitMs: number; readonly over: AbortSignal },
): Promise<boolean> {
  const answered = new AbortController();
  const waiting = AbortSignal.any([answered.signal, over]);
  const late = deps.clock.sleep(limitMs, waiting).then(() => false);
  const confirmed = confirm(lock, deps.transport);
  // Whichever is late may still fail, with nobody left to hear of it.
  confirmed.catch(() => {});
  try {
    return await Promise.race([confirmed, late]);
  } catch (error) {
    if (error instanceof EtcdError && error.kind === "not-found") throw error;
    deps.onTrouble?.(error);
    return false;
  } finally {
    answered.abort();
  }
}

/**
 * The lease alone proves little: a member that has lost its quorum goes on renewing for a while, and an
 * operator, a restore or a new cluster may have taken the key from under it. So the key is read as well.
 */
async function confirm({ key, leaseId, fence }: Lock, transport: EtcdTransport): Promise<true> {
  await transport.leaseKeepAlive(leaseId);
  const { header, kvs } = await transport.range({ key });
  const [found] = kvs;
  const isOurs = found?.createRevision === fence.token && found.leaseId === leaseId;
  if (isOurs && header.clusterId === fence.clusterId) return true;
  throw new EtcdError("not-found", `leadership: ${key} is no longer ours`);
}

function heldUntil(sentAt: number, ttlSeconds: number): number {
  return sentAt + ttlSeconds * 1000 * (1 - MARGIN_SHARE);
}

/** Best effort: what cannot be revoked ends by itself after the TTL. */
async function revoke(transport: EtcdTransport, leaseId: string): Promise<void> {
  await transport.leaseRevoke(leaseId).catch(() => {});
}
