/**
 * The one port to object storage. Names are below the namespace's own prefix, e.g.
 * `chunks/<sha256>`; the adapter adds bucket and prefix. Every method may throw a `StoreError`.
 */
export interface ObjectStore {
  /** The object's bytes and etag, or undefined where there is none. */
  get(name: string): Promise<StoredObject | undefined>;

  /**
   * Writes an immutable object. Its name holds its digest, so writing it again writes the same bytes
   * and only renews `modifiedAt` (which garbage collection goes by, FORMAT.md 9).
   */
  put(name: string, bytes: Uint8Array): Promise<void>;

  /**
   * Writes only where the object's etag still is `expected` (undefined: where there is no object).
   * `conflict` is an answer, not an error. After a network fault the outcome may be unknown: then it
   * throws, and the caller reads the object to learn what holds.
   */
  compareAndSet(name: string, bytes: Uint8Array, expected: string | undefined): Promise<SetOutcome>;

  /** Every object whose name begins with `prefix`, in name order. */
  list(prefix: string): AsyncIterable<ListedObject>;

  /** Deletes the objects; a name that does not exist is no error. */
  delete(names: readonly string[]): Promise<void>;
}

export interface StoredObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

export interface ListedObject {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch, by the store's clock. */
  readonly modifiedAt: number;
}

export type SetOutcome =
  | { readonly outcome: "set"; readonly etag: string }
  | { readonly outcome: "conflict" };

/**
 * A store that did not do what was asked. `retryable` tells whether the same call may succeed later
 * (time-out, 5xx, 429, connection lost) or needs a person first (403, no such bucket).
 */
export class StoreError extends Error {
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = "StoreError";
    this.retryable = retryable;
  }
}
