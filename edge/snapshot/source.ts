/** Where snapshots are read from. Names are below the namespace, e.g. `pointers/stable.json`. */
export interface SnapshotSource {
  /** For the status page: `r2`, `s3`, `secondary`. */
  readonly name: string;
  /** The object's bytes; undefined where there is none. Throws when the source cannot be asked. */
  read(name: string): Promise<Uint8Array | undefined>;
}
