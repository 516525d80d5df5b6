import type { KeyspaceChange, Mirror } from "../../exporter/etcd/keyspace.ts";

/** A mirror whose changes are pushed by hand; live, and proven at any moment. */
export class PushedMirror implements Mirror {
  readonly #queue: KeyspaceChange[] = [];
  readonly #now: () => number;
  #wake = () => {};

  constructor(now: () => number) {
    this.#now = now;
  }

  push(change: KeyspaceChange): void {
    this.#queue.push(change);
    this.#wake();
  }

  async *changes(signal: AbortSignal): AsyncIterable<KeyspaceChange> {
    signal.addEventListener("abort", () => this.#wake());
    while (!signal.aborted) {
      const change = this.#queue.shift();
      if (change) yield change;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  health() {
    const counts = { reconnects: 0, resyncs: 0, stalls: 0, auditMismatches: 0 };
    const lastProofAt = this.#now() + 1;
    return {
      state: "live",
      clusterId: "1",
      revision: 0,
      keys: 0,
      lastProofAt,
      lastError: undefined,
      ...counts,
    } as const;
  }
}
