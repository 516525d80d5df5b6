import type { SnapshotContent } from "../../shared/snapshot/format.ts";

/** What the compiler hands to the publisher: one snapshot, as references and as the bytes that are new. */
export interface CompiledSnapshot {
  readonly content: SnapshotContent;
  /** `contentDigest(content)`. */
  readonly digest: string;
  /** By SHA-256: every chunk of the content that was not among the `known` ones. */
  readonly fresh: ReadonlyMap<string, Uint8Array>;
}
