import { join } from "node:path";
import { DirectoryStore } from "./directory-store.ts";
import type { ObjectStore } from "./object-store.ts";
import { RetryingStore, type RetryOptions } from "./retrying-store.ts";
import { type S3Options, S3Store } from "./s3-store.ts";

export type StoreOptions =
  | { readonly is: "directory"; readonly folder: string; readonly namespace: string }
  | ({ readonly is: "s3" } & S3Options);

/** The store of one namespace, its passing faults retried. */
export function openStore(options: StoreOptions, retry: RetryOptions): ObjectStore {
  const store =
    options.is === "s3"
      ? new S3Store(options)
      : new DirectoryStore(join(options.folder, options.namespace));
  return new RetryingStore(store, retry);
}
