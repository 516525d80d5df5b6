import { keysUnder } from "../../exporter/etcd/key-bytes.ts";
import {
  EtcdError,
  type EtcdTransport,
  type Header,
  type KeyValue,
  type RangeAnswer,
  type RangeRequest,
  type TxnAnswer,
  type TxnRequest,
  type WatchEvent,
  type WatchMessage,
  type WatchRequest,
  type WatchStream,
} from "../../exporter/etcd/transport.ts";
import type { VirtualClock } from "../support/virtual-clock.ts";

/** One write of the history, as etcd numbers it. */
interface Revision {
  readonly revision: number;
  readonly events: readonly WatchEvent[];
}

const encoder = new TextEncoder();

/**
 * etcd behind the transport's port, as far as the exporter can tell: a history of revisions, compaction,
 * leases by the virtual clock, streams that can be cut or fall silent, restores and outages.
 */
export class SimulatedEtcd {
  clusterId = "1000";
  isDown = false;
  /** Streams stay open and say nothing. */
  isSilent = false;
  #history: Revision[] = [];
  #revision = 1;
  #compacted = 0;
  #term = 1000;
  #keys = new Map<string, KeyValue>();
  #leases = new Map<string, { cancel: () => void; ttlSeconds: number }>();
  #nextLease = 1;
  readonly #streams = new Set<SimulatedStream>();
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  toggleOutage(): void {
    this.isDown = !this.isDown;
  }

  get compacted(): number {
    return this.#compacted;
  }

  get revision(): number {
    return this.#revision;
  }

  /** The keys under `prefix` now. */
  state(prefix: string): ReadonlyMap<string, KeyValue> {
    return new Map([...this.#keys].filter(([key]) => key.startsWith(prefix)));
  }

  /** Applies puts and deletes (undefined) as one revision. */
  write(values: Readonly<Record<string, string | undefined>>, leaseId = "0"): void {
    const revision = this.#revision + 1;
    const events: WatchEvent[] = [];
    for (const [key, text] of Object.entries(values)) {
      const held = this.#keys.get(key);
      if (text === undefined) {
        if (!held) continue;
        this.#keys.delete(key);
        events.push({ kind: "delete", key, value: new Uint8Array(), modRevision: revision });
        continue;
      }
      const value = encoder.encode(text);
      const createRevision = held?.createRevision ?? revision;
      this.#keys.set(key, { key, value, createRevision, modRevision: revision, leaseId });
      events.push({ kind: "put", key, value, modRevision: revision });
    }
    if (events.length === 0) return;
    this.#revision = revision;
    this.#history.push({ revision, events });
    for (const stream of this.#streams) stream.wake();
  }

  compact(): void {
    this.#compacted = this.#revision;
    this.#history = [];
  }

  cutStreams(): void {
    for (const stream of [...this.#streams]) stream.end("the connection was cut");
  }

  /** A backup, to be given to `restore`. */
  backup() {
    return { keys: new Map(this.#keys), revision: this.#revision };
  }

  /** The revision goes back; what came after the backup is gone. Leases and their keys go too. */
  restore(backup: ReturnType<SimulatedEtcd["backup"]>, clusterId = this.clusterId): void {
    this.cutStreams();
    this.clusterId = clusterId;
    this.#keys = new Map([...backup.keys].filter(([, { leaseId }]) => leaseId === "0"));
    this.#revision = backup.revision;
    this.#compacted = backup.revision - 1;
    this.#history = [];
    // As a restored cluster begins: below the terms that the old one had come to.
    this.#term -= 1;
    for (const { cancel } of this.#leases.values()) cancel();
    this.#leases.clear();
  }

  /** What one exporter talks to; `isDead` makes every call hang, as for a frozen process. */
  transport(isDead: () => boolean): EtcdTransport {
    const call = async <T>(answer: () => T): Promise<T> => {
      await this.#clock.sleep(1);
      if (isDead()) return new Promise<never>(() => {});
      if (this.isDown) throw new EtcdError("unavailable", "simulated: etcd is down");
      return answer();
    };
    return {
      range: (request) => call(() => this.#range(request)),
      txn: (request) => call(() => this.#txn(request)),
      watch: (request) => call(() => this.#watch(request, isDead)),
      leaseGrant: (ttlSeconds) => call(() => this.#grant(ttlSeconds)),
      leaseKeepAlive: (leaseId) => call(() => this.#keepAlive(leaseId)),
      leaseRevoke: (leaseId) => call(() => this.#expire(leaseId)),
      close: () => {},
    };
  }

  header(): Header {
    const { clusterId } = this;
    return { clusterId, memberId: "1", revision: this.#revision, raftTerm: this.#term };
  }

  eventsAfter(revision: number): Revision[] {
    return this.#history.filter((entry) => entry.revision > revision);
  }

  forget(stream: SimulatedStream): void {
    this.#streams.delete(stream);
  }

  #range(request: RangeRequest): RangeAnswer {
    const { revision = this.#revision, limit = Number.POSITIVE_INFINITY } = request;
    if (revision > this.#revision) throw new EtcdError("future-revision", "simulated");
    if (revision < this.#compacted) throw new EtcdError("compacted", "simulated");
    const inRange = [...this.#keysAt(revision).values()]
      .filter(({ key }) =>
        request.end
          ? key >= request.key && (request.end === "\0" || key < request.end)
          : key === request.key,
      )
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    return {
      header: this.header(),
      kvs: inRange.slice(0, limit),
      more: inRange.length > limit,
      count: inRange.length,
    };
  }

  /** Undoes the history back to `revision`, as far as mod revisions and values go. */
  #keysAt(revision: number): ReadonlyMap<string, KeyValue> {
    if (revision === this.#revision) return this.#keys;
    const state = new Map<string, KeyValue>();
    const touchedLater = new Set(
      this.#history
        .filter((entry) => entry.revision > revision)
        .flatMap(({ events }) => events.map(({ key }) => key)),
    );
    for (const [key, held] of this.#keys) if (!touchedLater.has(key)) state.set(key, held);
    for (const entry of this.#history) {
      if (entry.revision > revision) break;
      for (const { key, kind, value, modRevision } of entry.events) {
        if (!touchedLater.has(key)) continue;
        if (kind === "delete") state.delete(key);
        else state.set(key, { key, value, createRevision: modRevision, modRevision, leaseId: "0" });
      }
    }
    return state;
  }

  #txn(request: TxnRequest): TxnAnswer {
    const succeeded = request.compare.every(({ key, target, equals }) => {
      const held = this.#keys.get(key);
      return (
        (target === "create" ? held?.createRevision : (held?.modRevision ?? 0)) === equals ||
        (!held && equals === 0)
      );
    });
    const operations = succeeded ? request.success : (request.failure ?? []);
    const answers = operations.map((operation) => {
      if (operation.do === "get") {
        const held = this.#keys.get(operation.key);
        return { did: "get", kvs: held ? [held] : [] } as const;
      }
      if (operation.do === "delete") {
        this.write({ [operation.key]: undefined });
        return { did: "delete", deleted: 1 } as const;
      }
      if (operation.leaseId !== undefined && !this.#leases.has(operation.leaseId)) {
        throw new EtcdError("not-found", "simulated: no such lease");
      }
      const text =
        typeof operation.value === "string"
          ? operation.value
          : new TextDecoder().decode(operation.value);
      this.write({ [operation.key]: text }, operation.leaseId);
      return { did: "put" } as const;
    });
    return { header: this.header(), succeeded, answers };
  }

  #watch(request: WatchRequest, isDead: () => boolean): WatchStream {
    const stream = new SimulatedStream(this, request, isDead);
    this.#streams.add(stream);
    return stream;
  }

  #grant(ttlSeconds: number) {
    const leaseId = String(this.#nextLease++);
    this.#arm(leaseId, ttlSeconds);
    return { leaseId, ttlSeconds };
  }

  #keepAlive(leaseId: string) {
    const lease = this.#leases.get(leaseId);
    if (!lease) throw new EtcdError("not-found", "simulated: no such lease");
    lease.cancel();
    this.#arm(leaseId, lease.ttlSeconds);
    return { leaseId, ttlSeconds: lease.ttlSeconds };
  }

  #arm(leaseId: string, ttlSeconds: number): void {
    const cancel = this.#clock.after(ttlSeconds * 1000, () => this.#expire(leaseId));
    this.#leases.set(leaseId, { cancel, ttlSeconds });
  }

  #expire(leaseId: string): void {
    this.#leases.get(leaseId)?.cancel();
    this.#leases.delete(leaseId);
    const keys = [...this.#keys.values()].filter((held) => held.leaseId === leaseId);
    this.write(Object.fromEntries(keys.map(({ key }) => [key, undefined])));
  }
}

class SimulatedStream implements WatchStream {
  readonly #etcd: SimulatedEtcd;
  readonly #isDead: () => boolean;
  readonly #range: { readonly key: string; readonly end: string };
  #position: number;
  #isCreated = false;
  #pulses = 0;
  #ended: string | undefined;
  #wake: (() => void) | undefined;

  constructor(etcd: SimulatedEtcd, request: WatchRequest, isDead: () => boolean) {
    this.#etcd = etcd;
    this.#isDead = isDead;
    this.#range = { key: request.key, end: request.end ?? keysUnder(request.key).end };
    this.#position = request.startRevision - 1;
  }

  async next(): Promise<WatchMessage> {
    for (;;) {
      if (this.#ended !== undefined) throw new EtcdError("unavailable", this.#ended);
      const message = this.#isSilent() ? undefined : this.#message();
      if (message) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  requestProgress(): void {
    this.#pulses += 1;
    this.wake();
  }

  async cancel(): Promise<void> {
    this.#etcd.forget(this);
    this.end("cancelled");
  }

  end(why: string): void {
    this.#ended ??= `simulated: ${why}`;
    this.#etcd.forget(this);
    this.wake();
  }

  wake(): void {
    this.#wake?.();
  }

  #isSilent(): boolean {
    return this.#etcd.isSilent || this.#etcd.isDown || this.#isDead();
  }

  #message(): WatchMessage | undefined {
    const header = this.#etcd.header();
    if (!this.#isCreated) {
      this.#isCreated = true;
      return { kind: "created", header };
    }
    if (this.#position < this.#etcd.compacted) {
      throw new EtcdError("compacted", "simulated: the start of the watch is compacted");
    }
    const { key, end } = this.#range;
    for (const { revision, events } of this.#etcd.eventsAfter(this.#position)) {
      this.#position = revision;
      const wanted = events.filter((event) => event.key >= key && event.key < end);
      if (wanted.length > 0) return { kind: "events", header, events: wanted };
    }
    if (this.#pulses === 0) return undefined;
    this.#pulses -= 1;
    return { kind: "pulse", header };
  }
}
