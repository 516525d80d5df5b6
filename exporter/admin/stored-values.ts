import type { KindName } from "../../shared/resources/resource-key.ts";
import type { FieldCipher, JsonObject } from "../encryption/field-cipher.ts";
import type { EtcdTransport, KeyValue } from "../etcd/transport.ts";
import { misfitOf } from "../validate/json.ts";

/** A key as it lies in etcd, encrypted fields and all. */
export interface StoredValue {
  /** The whole key. */
  readonly key: string;
  /** Undefined where what is stored is no JSON object. */
  readonly value: JsonObject | undefined;
  readonly text: string;
  readonly createRevision: number;
  readonly modRevision: number;
}

/** Undefined where there is no such key. Throws `EtcdError`. */
export async function readStored(
  transport: Pick<EtcdTransport, "range">,
  key: string,
): Promise<StoredValue | undefined> {
  const { kvs } = await transport.range({ key });
  const [found] = kvs;
  return found && storedValue(found);
}

export function storedValue({ key, value, createRevision, modRevision }: KeyValue): StoredValue {
  const text = Buffer.from(value).toString("utf8");
  return { key, text, value: storedObject(text), createRevision, modRevision };
}

/** The value with its secrets decrypted, in place: a copy of each would be most of the work of a list. */
export function inTheClear(
  { value }: StoredValue,
  kind: KindName,
  id: string,
  cipher: FieldCipher,
): JsonObject | undefined {
  if (value !== undefined) cipher.decrypt(kind, id, value);
  return value;
}

/** Undefined where a stored text is no JSON object, or one that others wrote and nothing here could walk. */
export function storedObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return misfitOf(value) === undefined ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
