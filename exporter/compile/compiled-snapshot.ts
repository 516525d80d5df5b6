import type { SnapshotContent } from "../../shared/snapshot/format.ts";

/** What the compiler hands to the publisher: one snapshot, as references and as the bytes that are new. */
export interface CompiledSnapshot {
  readonly content: SnapshotContent;
  /** `contentDigest(content)`. */
  readonly digest: string;
  /**
   * By SHA-256: every chunk of the content that the store is not known to have. The bytes are made when
   * asked for: all of a large table at once would take as much memory again.
   */
  readonly fresh: ReadonlyMap<string, () => Uint8Array | Promise<Uint8Array>>;
  /** To be called when this content is live. */
  readonly confirm: () => void;
}
