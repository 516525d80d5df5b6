import { EtcdFault, type EtcdStore } from "./store.ts";

interface Lease {
  readonly id: string;
  readonly grantedTtl: number;
  readonly keys: Set<string>;
  expiresAt: number;
}

/** Timers as they are given in. The answer of `after` cancels. */
export interface Timers {
  now(): number;
  after(ms: number, action: () => void): () => void;
}

/** Leases: keys attached to one are deleted, as one revision, when it ends. */
export class Leases {
  readonly #store: EtcdStore;
  readonly #timers: Timers;
  readonly #leases = new Map<string, Lease & { cancel: () => void }>();
  #next = 7_587_000_000_000_001n;

  constructor(store: EtcdStore, timers: Timers) {
    this.#store = store;
    this.#timers = timers;
  }

  grant(ttlSeconds: number, wantedId: string): { readonly id: string; readonly ttl: number } {
    if (ttlSeconds > 9_000_000_000) throw new EtcdFault("out-of-range", "too large lease TTL");
    const id = wantedId === "0" ? String(this.#next++) : wantedId;
    if (this.#leases.has(id)) throw new EtcdFault("failed-precondition", "lease already exists");
    const ttl = Math.max(1, ttlSeconds);
    const lease = { id, grantedTtl: ttl, keys: new Set<string>(), expiresAt: 0, cancel: () => {} };
    this.#leases.set(id, lease);
    this.#arm(lease);
    return { id, ttl };
  }

  /** The TTL; 0 where there is no such lease, as etcd says it. */
  keepAlive(id: string): number {
    const lease = this.#leases.get(id);
    if (!lease) return 0;
    this.#arm(lease);
    return lease.grantedTtl;
  }

  revoke(id: string): void {
    const lease = this.#leases.get(id);
    if (!lease) throw new EtcdFault("not-found", "requested lease not found");
    lease.cancel();
    this.#leases.delete(id);
    this.#store.transact((writes) => {
      for (const key of [...lease.keys].sort()) writes.delete(key, undefined);
    });
  }

  timeToLive(id: string): {
    readonly ttl: number;
    readonly granted: number;
    readonly keys: string[];
  } {
    const lease = this.#leases.get(id);
    if (!lease) return { ttl: -1, granted: 0, keys: [] };
    const ttl = Math.max(0, Math.ceil((lease.expiresAt - this.#timers.now()) / 1000));
    return { ttl, granted: lease.grantedTtl, keys: [...lease.keys].sort() };
  }

  ids(): string[] {
    return [...this.#leases.keys()];
  }

  attach(id: string, key: string): void {
    const lease = this.#leases.get(id);
    if (!lease) throw new EtcdFault("not-found", "requested lease not found");
    lease.keys.add(key);
  }

  detach(id: string, key: string): void {
    this.#leases.get(id)?.keys.delete(key);
  }

  close(): void {
    for (const { cancel } of this.#leases.values()) cancel();
  }

  #arm(lease: Lease & { cancel: () => void }): void {
    lease.cancel();
    lease.expiresAt = this.#timers.now() + lease.grantedTtl * 1000;
    lease.cancel = this.#timers.after(lease.grantedTtl * 1000, () => this.revoke(lease.id));
  }
}
