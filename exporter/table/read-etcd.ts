import type { Reach } from "../../shared/resources/reach.ts";
import type { FieldCipher } from "../encryption/field-cipher.ts";
import { type ReadDeps, readAll } from "../etcd/base-read.ts";
import { keysUnder } from "../etcd/key-bytes.ts";
import { ResourceTable } from "../resource-table.ts";

/** What etcd held at one revision. There is no memory of last valid values in it. */
export interface EtcdTable {
  readonly table: ResourceTable;
  readonly revision: number;
}

/** Reads everything below `prefix`, which is without a trailing slash, once. Throws `EtcdError`. */
export async function readEtcdTable(
  prefix: string,
  signal: AbortSignal,
  deps: ReadDeps & { readonly cipher?: FieldCipher },
  reach: Reach,
): Promise<EtcdTable> {
  const table = new ResourceTable(prefix, { reach, cipher: deps.cipher });
  let revision = 0;
  for await (const { change } of readAll(undefined, keysUnder(`${prefix}/`), signal, deps)) {
    table.apply(change);
    revision = change.revision;
  }
  return { table, revision };
}
