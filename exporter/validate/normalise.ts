import { isJsonObject } from "../../shared/json-object.ts";
import type { Values } from "../../shared/resources/resource.ts";
import type { KindName } from "../../shared/resources/resource-key.ts";
import { conditionFault } from "../../shared/resources/route-conditions.ts";
import type { Ssl } from "../../shared/resources/ssl.ts";
import type { Fault } from "./fault.ts";
import { checkHashKey, normaliseUpstream, type RawUpstream } from "./normalise-upstream.ts";

/** Before and after the schema: the forms that APISIX reads alike become one, and the rules beyond it. */

export type Normalised =
  | { readonly is: "value"; readonly value: Values[KindName] }
  | { readonly is: "wrong"; readonly fault: Fault };

const NEEDS_ID: ReadonlySet<KindName> = new Set([
  "plugin_configs",
  "consumer_groups",
  "global_rules",
]);

/**
 * Changes a value, in place, to what its schema expects: an empty list where a map is wanted becomes an
 * empty map (Lua knows no difference, and its writers make both), and an `id` that is left out is the
 * key's. The Admin API always writes the id; who uses etcdctl need not.
 */
export function prepare(kind: KindName, id: string, value: Record<string, unknown>): void {
  if (NEEDS_ID.has(kind) && value.id === undefined) value.id = id;
  emptyListToMap(value, "plugins");
  emptyListToMap(value, "labels");
  if (!isJsonObject(value.plugins)) return;
  for (const name of Object.keys(value.plugins)) emptyListToMap(value.plugins, name);
}

/** `value` has passed its kind's schema. */
export function normalise(kind: KindName, id: string, value: Record<string, unknown>): Normalised {
  const named: Record<string, unknown> = { ...value, id };
  switch (kind) {
    case "upstreams": {
      const upstream = normaliseUpstream(named as RawUpstream);
      if ("wanted" in upstream) return { is: "wrong", fault: upstream };
      return checked(upstream, checkHashKey(upstream));
    }
    case "routes": {
      const fault = conditionFault(value as Values["routes"]);
      return fault ? { is: "wrong", fault } : withUpstream(withLowerCaseHosts(named));
    }
    case "services":
      return withUpstream(withLowerCaseHosts(named));
    case "stream_routes":
      return withUpstream(named);
    case "ssls":
      return checked(named as Values["ssls"], checkPairs(value as Ssl));
    case "consumers":
    case "plugin_metadata":
      return { is: "value", value: value as Values["consumers"] };
    default:
      return { is: "value", value: named as Values["plugin_configs"] };
  }
}

function checked(value: Values[KindName], fault: Fault | undefined): Normalised {
  return fault ? { is: "wrong", fault } : { is: "value", value };
}

function withUpstream(value: Record<string, unknown>): Normalised {
  if (value.upstream === undefined) return { is: "value", value: value as Values["routes"] };
  const upstream = normaliseUpstream(value.upstream as RawUpstream);
  if ("wanted" in upstream) {
    return { is: "wrong", fault: { ...upstream, path: `upstream.${upstream.path}` } };
  }
  return { is: "value", value: { ...value, upstream } as Values["routes"] };
}

function withLowerCaseHosts(value: Record<string, unknown>): Record<string, unknown> {
  const { host, hosts } = value as Pick<Values["routes"], "host" | "hosts">;
  return {
    ...value,
    ...(host === undefined ? {} : { host: host.toLowerCase() }),
    ...(hosts === undefined ? {} : { hosts: hosts.map((one) => one.toLowerCase()) }),
  };
}

function checkPairs(ssl: Ssl): Fault | undefined {
  const [certs, keys] = [ssl.certs?.length ?? 0, ssl.keys?.length ?? 0];
  if (certs === keys) return undefined;
  return { path: "keys", found: `${keys} of them`, wanted: `${certs}, one for each of certs` };
}

function emptyListToMap(holder: Record<string, unknown>, field: string): void {
  const value = holder[field];
  if (Array.isArray(value) && value.length === 0) holder[field] = {};
}
