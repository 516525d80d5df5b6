/**
 * What can be wrong with bytes that claim to be part of a snapshot (FORMAT.md 7). Bad bytes throw;
 * whoever holds a good snapshot keeps it.
 *
 * - `corrupt`: length, digest or structure is not what the reference or the format says.
 * - `unsupported`: the format number is one that this reader does not know.
 * - `older`: the generation is below the one already held.
 * - `missing`: the store has no object of that name.
 */
export type SnapshotFault = "corrupt" | "unsupported" | "older" | "missing";

export class SnapshotError extends Error {
  readonly fault: SnapshotFault;
  /** The object's name below the namespace, e.g. `chunks/<sha256>`. */
  readonly object: string;

  constructor(fault: SnapshotFault, object: string, detail: string, options?: ErrorOptions) {
    super(`${object} is ${fault}: ${detail}`, options);
    this.name = "SnapshotError";
    this.fault = fault;
    this.object = object;
  }
}

/** FORMAT.md 5.1.6. */
export function tooDeep(object: string): SnapshotError {
  return new SnapshotError("corrupt", object, "there are too many branches above it");
}
