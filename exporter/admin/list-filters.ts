import { Pattern } from "../../shared/expression/pattern.ts";
import { PcreUnsupported } from "../../shared/expression/pcre.ts";
import type { KindName } from "../../shared/resources/resource-key.ts";
import type { JsonObject } from "../encryption/field-cipher.ts";
import { isObject } from "./schema/lua-value.ts";

type Filter = (value: JsonObject) => boolean;

/** The kinds that `filter=service_id=…` is for. */
const FILTERED_BY_ID: ReadonlySet<KindName> = new Set(["routes", "stream_routes"]);

/** What of a list a client wants to see (reference 9.6); undefined: all. Unknown parameters filter nothing. */
export function readFilter(kind: KindName, query: URLSearchParams): Filter | undefined {
  const filters = [
    byPattern(query.get("name"), ({ name }) => [name]),
    byPattern(query.get("uri"), ({ uri, uris }) => [uri, ...(Array.isArray(uris) ? uris : [])]),
    byLabel(query.get("label")),
    FILTERED_BY_ID.has(kind) ? byIds(query.get("filter")) : undefined,
  ].filter((filter) => filter !== undefined);
  return filters.length === 0 ? undefined : (value) => filters.every((filter) => filter(value));
}

/** A regular expression that is none matches nothing. */
function byPattern(
  wanted: string | null,
  textsOf: (value: JsonObject) => readonly unknown[],
): Filter | undefined {
  if (!wanted) return undefined;
  const pattern = new Pattern(wanted, false);
  const isFound = (text: unknown) => typeof text === "string" && pattern.isFoundIn(text);
  return (value) => {
    try {
      return textsOf(value).some(isFound);
    } catch (error) {
      if (error instanceof PcreUnsupported) return false;
      throw error;
    }
  };
}

/** By the name of a label, whatever its value. */
function byLabel(wanted: string | null): Filter | undefined {
  if (!wanted) return undefined;
  return ({ labels }) => isObject(labels) && Object.hasOwn(labels, wanted);
}

function byIds(wanted: string | null): Filter | undefined {
  if (!wanted) return undefined;
  const ids = new URLSearchParams(wanted);
  const [service, upstream] = [ids.get("service_id"), ids.get("upstream_id")];
  const is = (id: unknown, other: string | null) => other === null || String(id) === other;
  return (value) => is(value.service_id, service) && is(value.upstream_id, upstream);
}
