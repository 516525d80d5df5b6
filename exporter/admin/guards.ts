import { createHash } from "node:crypto";
import type { Clock } from "../clock.ts";
import { EtcdError, type EtcdTransport, type Operation } from "../etcd/transport.ts";

/**
 * Keys that make an absence something a transaction can compare. "Nobody uses this upstream" and "nobody has
 * this API key" are no keys of etcd, so whoever is about to make one of them untrue touches its guard in the
 * same transaction as the write; whoever relies on it compares that the guard is as it was before looking.
 * One of two that race is then told to look again. The cost is that of one small key, whatever the size of
 * the configuration. They lie outside of APISIX's prefix, whose watchers do not see them.
 */
export const GUARD_PREFIX = "/snapgate/guards";

/** Guards of more keys than this are touched as one: a transaction of etcd has at most 128 operations. */
const MOST_TOUCHED = 64;

/** They are needed for as long as a view may lag; then etcd forgets them. In seconds. */
const LEASE_SECONDS = 1800;

/** That somebody refers to a key below the prefix, e.g. `upstreams/1`. */
export function useGuards(key: string): readonly [one: string, all: string] {
  return [`uses/${key}`, ALL_USES];
}

/** That somebody refers to something: for writes of very many references. */
export const ALL_USES = "uses";

/** The guards to touch for new references. */
export function touchedUses(keys: readonly string[]): readonly string[] {
  return keys.length > MOST_TOUCHED ? [ALL_USES] : keys.map((key) => `uses/${key}`);
}

/** That a consumer or credential has this identity; what it is stays unknown to who reads the key. */
export function identityGuard(identity: string): string {
  return `identities/${createHash("sha256").update(identity).digest("hex").slice(0, 40)}`;
}

/** That a global rule was written: no two may have the same plugin. */
export const GLOBAL_RULES_GUARD = "global_rules";

export interface GuardsDeps {
  readonly transport: EtcdTransport;
  readonly clock: Clock;
  /** Of the configuration, without a trailing slash. */
  readonly prefix: string;
}

export class Guards {
  readonly #deps: GuardsDeps;
  #lease: { readonly id: string; readonly until: number } | undefined;

  constructor(deps: GuardsDeps) {
    this.#deps = deps;
  }

  key(name: string): string {
    return `${GUARD_PREFIX}${this.#deps.prefix}/${name}`;
  }

  /** The guard's mod revision; 0 where nobody has touched it lately. */
  async revision(name: string): Promise<number> {
    const { kvs } = await this.#deps.transport.range({ key: this.key(name), keysOnly: true });
    return kvs[0]?.modRevision ?? 0;
  }

  /** What a transaction does beside its write. */
  async touches(names: Iterable<string>): Promise<Operation[]> {
    const keys = [...new Set(names)].map((name) => this.key(name));
    if (keys.length === 0) return [];
    const leaseId = await this.#leaseId();
    return keys.map((key) => ({ do: "put", key, value: "", leaseId }));
  }

  /** Whether a transaction failed because etcd has lost our lease, as after a restore; the next has another. */
  noteFailure(error: unknown): boolean {
    if (!(error instanceof EtcdError) || error.kind !== "not-found") return false;
    const had = this.#lease !== undefined;
    this.#lease = undefined;
    return had;
  }

  /** One lease for all guards touched within half its time, so that each lives half of it at least. */
  async #leaseId(): Promise<string> {
    const { clock, transport } = this.#deps;
    const now = clock.now();
    if (this.#lease && this.#lease.until > now) return this.#lease.id;
    const { leaseId } = await transport.leaseGrant(LEASE_SECONDS);
    this.#lease = { id: leaseId, until: now + LEASE_SECONDS * 500 };
    return leaseId;
  }
}
