import type { TSchema } from "typebox";
import { KINDS } from "../shared/resources/kinds.ts";
import { NO_BINDINGS, type Reach } from "../shared/resources/reach.ts";
import type { Resource } from "../shared/resources/resource.ts";
import { type KindName, parseResourceKey } from "../shared/resources/resource-key.ts";
import { type FieldCipher, NO_CIPHER } from "./encryption/field-cipher.ts";
import type { KeyspaceEntry } from "./etcd/keyspace.ts";
import type { Notice, Rejection } from "./rejection.ts";
import { describerOf, excerpt } from "./validate/describe.ts";
import type { Fault } from "./validate/fault.ts";
import { parseJsonObject } from "./validate/json.ts";
import { type Normalised, normalise, prepare } from "./validate/normalise.ts";
import { noticesOf } from "./validate/notices.ts";
import { pluginFault } from "./validate/plugin-faults.ts";
import { checkSchema } from "./validate/schema-check.ts";

/** What became of one key's value. A rejection says nothing of what is kept: the table knows. */
export type Verdict =
  | {
      readonly is: "resource";
      readonly resource: Resource;
      readonly notices: readonly Notice[];
    }
  | { readonly is: "skipped"; readonly why: string }
  | { readonly is: "rejected"; readonly rejection: Omit<Rejection, "keptRevision"> };

/** FORMAT.md 5.1.4 and 5.3: keys of bodies are ASCII, and short enough for a branch. */
const PRINTABLE = /^[ -~]{1,1024}$/;
const PRINTABLE_ID = "an id of at most 1024 printable ASCII characters";

/** Where a key's value is to be mended, e.g. `at line 7 of apisix.yaml`; undefined: at its key in etcd. */
export type PlaceOf = (key: string) => string | undefined;

/** How values are read: how they may be encrypted, what the edge reaches, and where they come from. */
export interface Reading {
  readonly cipher?: FieldCipher | undefined;
  readonly reach?: Reach | undefined;
  readonly placeOf?: PlaceOf | undefined;
}

/**
 * Never throws: bad data is a value (invariant 5). `prefix` is without a trailing slash; what `cipher`
 * decrypts is decrypted before any schema sees it, as in APISIX.
 */
export function validate(
  entry: KeyspaceEntry,
  prefix: string,
  { cipher = NO_CIPHER, reach = NO_BINDINGS, placeOf = () => undefined }: Reading = {},
): Verdict {
  const parsedKey = parseResourceKey(entry.key.slice(prefix.length + 1));
  if (parsedKey.is === "skipped") return parsedKey;
  const rejected = (fault: Fault, remedy: string): Verdict => {
    const { key, modRevision: revision } = entry;
    const place = placeOf(key);
    const mend = place === undefined ? remedy : `correct it ${place}, or delete it there`;
    return { is: "rejected", rejection: { key, ...fault, remedy: mend, revision } };
  };
  if (parsedKey.is === "unknown") {
    const { found, wanted } = parsedKey;
    return rejected(
      { path: "", found, wanted },
      `move ${entry.key} out of ${prefix}, or correct its name`,
    );
  }
  const { kind, id } = parsedKey;
  if (!PRINTABLE.test(id)) {
    const fault = {
      path: "",
      found: `the id ${excerpt(JSON.stringify(id))}`,
      wanted: PRINTABLE_ID,
    };
    return rejected(fault, `move the value to a key of such an id, and delete ${entry.key}`);
  }
  const schema = KINDS[kind].schemaOf(id);
  if (!schema) {
    const fault = { path: "", found: id, wanted: "an id that begins with vault/, aws/ or gcp/" };
    return rejected(fault, `move the value to a key of such an id, and delete ${entry.key}`);
  }
  const json = parseJsonObject(entry.value, describerOf(kind));
  if (json.is === "object") cipher.decrypt(kind, id, json.value);
  const value = json.is === "wrong" ? json : readValue(kind, id, schema, json.value);
  if (value.is === "wrong") {
    return rejected(value.fault, `put a corrected value to ${entry.key}, or delete it`);
  }
  const key = entry.key.slice(prefix.length + 1);
  const resource = { key, kind, id, modRevision: entry.modRevision, value: value.value };
  return { is: "resource", resource, notices: noticesOf(resource, entry.key, reach) };
}

function readValue(
  kind: KindName,
  id: string,
  schema: TSchema,
  value: Record<string, unknown>,
): Normalised {
  prepare(kind, id, value);
  const fault = checkSchema(schema, value, describerOf(kind)) ?? pluginFault(kind, id, value);
  if (fault) return { is: "wrong", fault };
  return normalise(kind, id, value);
}
