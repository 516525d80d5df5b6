/** A key that could not be used, and what a person can do about it (invariant 5). */
export interface Rejection {
  /** The whole etcd key. */
  readonly key: string;
  /** JSON path in the value, e.g. `upstream.nodes[0].port`; empty for the value as a whole. */
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
  readonly remedy: string;
  /** modRevision of the value that was refused. */
  readonly revision: number;
  /** modRevision of the last valid value, which stays in use; undefined where there never was one. */
  readonly keptRevision: number | undefined;
}

/**
 * Something in a valid resource that the edge does not do (invariant 8).
 *
 * - `ignored`: without effect at an edge, or unknown to APISIX as well; the rest works.
 * - `refused`: the resource stays, but what depends on the field answers 503 (or never matches).
 * - `unserved`: the whole resource is of a kind that the edge does not serve.
 */
export interface Notice {
  readonly key: string;
  readonly path: string;
  readonly effect: "ignored" | "refused" | "unserved";
  readonly reason: string;
  readonly remedy: string;
}
