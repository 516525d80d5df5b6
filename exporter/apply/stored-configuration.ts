import { type KindName, parseResourceKey } from "../../shared/resources/resource-key.ts";
import { storedObject } from "../admin/stored-values.ts";
import type { FieldCipher, JsonObject } from "../encryption/field-cipher.ts";
import { type ReadDeps, readPages } from "../etcd/base-read.ts";
import { keysUnder } from "../etcd/key-bytes.ts";
import type { KeyValue } from "../etcd/transport.ts";

/** A resource as it lies in etcd. */
export interface StoredResource {
  /** Below the prefix, e.g. `routes/1`. */
  readonly key: string;
  readonly kind: KindName;
  /** Of a credential `jack/credentials/c1`. */
  readonly id: string;
  /** With its secrets in the clear; undefined where what is stored is no JSON object. */
  readonly value: JsonObject | undefined;
  readonly modRevision: number;
}

/** All resources in etcd at one revision. */
export interface StoredConfiguration {
  /** By key, in the order of the keys. */
  readonly resources: ReadonlyMap<string, StoredResource>;
  /** Keys below the prefix that are no resource of ours but belong to one: cost decorations of services. */
  readonly decorations: readonly string[];
  /** Other keys that are no resource, and no placeholder or counter of APISIX either. */
  readonly others: readonly string[];
  readonly revision: number;
}

export interface ConfigurationDeps extends ReadDeps {
  /** Without a trailing slash. */
  readonly prefix: string;
  readonly cipher: FieldCipher;
}

/** Throws `EtcdError` or `PositionLost` where etcd cannot be read to the end. */
export async function readConfiguration(
  deps: ConfigurationDeps,
  signal: AbortSignal,
): Promise<StoredConfiguration> {
  const range = keysUnder(`${deps.prefix}/`);
  const resources = new Map<string, StoredResource>();
  const decorations: string[] = [];
  const others: string[] = [];
  let revision = 0;
  for await (const { header, kvs } of readPages(range, { keysOnly: false, signal }, deps)) {
    // All pages are of the revision of the first.
    revision ||= header.revision;
    for (const kv of kvs) {
      const below = kv.key.slice(deps.prefix.length + 1);
      const resource = storedResource(kv, deps);
      if (resource) resources.set(below, resource);
      else if (/^services\/[^/]+\/graphql_cost_decorations\/./.test(below)) decorations.push(below);
      else if (!PASSED_OVER.test(below)) others.push(below);
    }
  }
  return { resources, decorations, others, revision };
}

/** Placeholders of directories, the counter of ids, heartbeats of data planes. */
const PASSED_OVER = /\/$|^gen_id$|^data_plane\//;

/** Undefined where the key is not that of a resource. */
export function storedResource(
  { key, value: bytes, modRevision }: Pick<KeyValue, "key" | "value" | "modRevision">,
  { prefix, cipher }: Pick<ConfigurationDeps, "prefix" | "cipher">,
): StoredResource | undefined {
  const below = key.slice(prefix.length + 1);
  const parsed = parseResourceKey(below);
  if (parsed.is !== "resource") return undefined;
  const { kind, id } = parsed;
  const value = storedObject(Buffer.from(bytes).toString("utf8"));
  if (value) cipher.decrypt(kind, id, value);
  return { key: below, kind, id, value, modRevision };
}
