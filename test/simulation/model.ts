import type { SimulatedEtcd } from "./simulated-etcd.ts";

/**
 * What is true, kept apart from the exporter: every state that etcd ever stood at. Values carry a `desc`
 * that no two writes share, so what an edge serves can be traced back to the write it came from.
 */
export class Model {
  /** One history for each restore: a restored etcd passes revisions again with other content. */
  readonly #histories: History[] = [];
  /** Every valid value that a key ever had. */
  readonly #everValid = new Map<string, Set<string>>();
  readonly #etcd: SimulatedEtcd;

  constructor(etcd: SimulatedEtcd) {
    this.#etcd = etcd;
  }

  /** From here on revisions may repeat. To be called when etcd begins, and when it was restored. */
  beginHistory(): void {
    this.#histories.push({ clusterId: this.#etcd.clusterId, states: [] });
    this.note();
  }

  /** Takes down the present state. To be called after every write. */
  note(): void {
    const decoder = new TextDecoder();
    const state = new Map<string, string>();
    for (const [key, { value }] of this.#etcd.state(PREFIX)) {
      const text = decoder.decode(value);
      const below = key.slice(PREFIX.length);
      state.set(below, text);
      const marker = markerOf(text);
      if (marker === undefined) continue;
      const known = this.#everValid.get(below) ?? new Set();
      this.#everValid.set(below, known.add(marker));
    }
    this.#histories.at(-1)?.states.push({ revision: this.#etcd.revision, state });
  }

  /**
   * Why `served` (markers by key) cannot be what etcd held at this position; undefined where it can. A key
   * whose value was invalid then may show any earlier valid value, or nothing.
   */
  wrong(
    position: { readonly clusterId: string; readonly revision: number },
    served: ReadonlyMap<string, string>,
  ): string | undefined {
    const states = this.#statesAt(position);
    if (states.length === 0)
      return `etcd never stood at ${position.clusterId}/${position.revision}`;
    const reasons = states.map((state) => this.#difference(state, served));
    return reasons.some((reason) => reason === undefined) ? undefined : reasons.join(" / ");
  }

  /** Revisions of the lock lie between those of the prefix: the state before counts. */
  #statesAt({ clusterId, revision }: { clusterId: string; revision: number }) {
    return this.#histories.flatMap((history) => {
      if (history.clusterId !== clusterId) return [];
      const found = history.states.findLast((noted) => noted.revision <= revision);
      return found ? [found.state] : [];
    });
  }

  #difference(
    state: ReadonlyMap<string, string>,
    served: ReadonlyMap<string, string>,
  ): string | undefined {
    for (const [key, text] of state) {
      const marker = markerOf(text);
      const found = served.get(key);
      if (marker !== undefined && found !== marker) return `${key} is ${found}, not ${marker}`;
      if (marker === undefined && found !== undefined && !this.#everValid.get(key)?.has(found)) {
        return `${key} is ${found}, which it never was`;
      }
    }
    for (const key of served.keys()) if (!state.has(key)) return `${key} was deleted`;
    return undefined;
  }
}

interface History {
  readonly clusterId: string;
  readonly states: { readonly revision: number; readonly state: ReadonlyMap<string, string> }[];
}

export const PREFIX = "/apisix/";

/** A valid route whose `desc` is `marker`; the two of a pair share theirs. */
export function routeText(key: string, marker: string): string {
  return JSON.stringify({
    uri: `/${key}`,
    desc: marker,
    upstream: { nodes: { "127.0.0.1:80": 1 } },
  });
}

/** The marker of a valid value. */
export function markerOf(text: string): string | undefined {
  return /"desc":"([^"]+)","upstream":\{"nodes":\{"127/.exec(text)?.[1];
}
