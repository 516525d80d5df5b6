import { KINDS } from "../shared/resources/kinds.ts";
import type { Resource, Values } from "../shared/resources/resource.ts";
import { type KindName, parseResourceKey } from "../shared/resources/resource-key.ts";
import type { Ssl } from "../shared/resources/ssl.ts";
import type { Upstream } from "../shared/resources/upstream.ts";
import type { KeyspaceEntry } from "./etcd/keyspace.ts";
import type { Notice, Rejection } from "./rejection.ts";
import { parseJsonObject } from "./validate/json.ts";
import {
  checkHashKey,
  normaliseUpstream,
  type RawUpstream,
} from "./validate/normalise-upstream.ts";
import { noticesOf } from "./validate/notices.ts";
import { checkSchema, type Fault } from "./validate/schema-check.ts";

/** What became of one key's value. A rejection says nothing of what is kept: the table knows. */
export type Verdict =
  | {
      readonly is: "resource";
      readonly resource: Resource;
      readonly notices: readonly Notice[];
    }
  | { readonly is: "skipped"; readonly why: string }
  | { readonly is: "rejected"; readonly rejection: Omit<Rejection, "keptRevision"> };

/** Fields whose text must not reach a log or a status page. */
const SECRET =
  /(^|[._])(key|keys|client_key|password|secret|token|secret_key|private_key)(\[\d+\])?$/;

/** Never throws: bad data is a value (invariant 5). `prefix` is without a trailing slash. */
export function validate(entry: KeyspaceEntry, prefix: string): Verdict {
  const key = entry.key.slice(prefix.length + 1);
  const parsedKey = parseResourceKey(key);
  if (parsedKey.is === "skipped") return parsedKey;
  const rejected = ({ path, found, wanted }: Fault, remedy: string): Verdict => {
    const shown = SECRET.test(path) ? "a value that is not shown here" : found;
    const { key, modRevision: revision } = entry;
    return { is: "rejected", rejection: { key, path, found: shown, wanted, remedy, revision } };
  };
  if (parsedKey.is === "unknown") {
    const wanted = "a directory and an id of APISIX's";
    return rejected({ path: "", found: parsedKey.why, wanted }, `delete ${entry.key}`);
  }
  const { kind, id } = parsedKey;
  const mend = `put a corrected value to ${entry.key}, or delete it`;
  const json = parseJsonObject(entry.value);
  if (json.is === "wrong") return rejected(json, mend);
  const schema = KINDS[kind].schemaOf(id);
  if (!schema) {
    const found = JSON.stringify(id.split("/")[0]);
    return rejected({ path: "", found, wanted: "one of vault, aws, gcp" }, `delete ${entry.key}`);
  }
  const fault = checkSchema(schema, json.value);
  if (fault) return rejected(fault, mend);
  const value = normalise(kind, id, json.value);
  if ("wanted" in value) return rejected(value, mend);
  const resource: Resource = { key, kind, id, modRevision: entry.modRevision, value: value.value };
  return { is: "resource", resource, notices: noticesOf(resource, entry.key) };
}

type Normalised = { readonly value: Values[KindName] } | Fault;

/** Rules and forms that a schema cannot express. `value` has passed its kind's schema. */
function normalise(kind: KindName, id: string, value: Record<string, unknown>): Normalised {
  const named: Record<string, unknown> = { ...value, id };
  switch (kind) {
    case "upstreams": {
      const upstream = normaliseUpstream(named as RawUpstream);
      if ("wanted" in upstream) return upstream;
      return checkHashKey(upstream) ?? { value: upstream };
    }
    case "routes":
      return withUpstream({
        priority: 0,
        status: 1,
        ...named,
        ...lowerCased("host", named.host),
        ...lowerCased("hosts", named.hosts),
      });
    case "services":
      return withUpstream({ ...named, ...lowerCased("hosts", named.hosts) });
    case "stream_routes":
      return withUpstream(named);
    case "ssls":
      return checkPairs(value as Ssl) ?? { value: named as Values["ssls"] };
    case "consumers":
    case "plugin_metadata":
      return { value: value as Values["consumers"] };
    default:
      return { value: named as Values["plugin_configs"] };
  }
}

function withUpstream(value: Record<string, unknown>): Normalised {
  if (value.upstream === undefined) return { value: value as Values["routes"] };
  const upstream: Upstream | Fault = normaliseUpstream(value.upstream as RawUpstream);
  if ("wanted" in upstream) return { ...upstream, path: `upstream.${upstream.path}` };
  return { value: { ...value, upstream } as Values["routes"] };
}

function lowerCased(field: string, hosts: unknown): Record<string, unknown> {
  if (typeof hosts === "string") return { [field]: hosts.toLowerCase() };
  if (Array.isArray(hosts)) return { [field]: hosts.map((host: string) => host.toLowerCase()) };
  return {};
}

function checkPairs(ssl: Ssl): Fault | undefined {
  const [certs, keys] = [ssl.certs?.length ?? 0, ssl.keys?.length ?? 0];
  if (certs === keys) return undefined;
  return { path: "keys", found: `${keys} keys`, wanted: `${certs}, one for each of certs` };
}
