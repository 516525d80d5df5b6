import { createContext, Script } from "node:vm";
import { compilePcre, PcreSyntaxError, PcreUnsupported } from "../../shared/expression/pcre.ts";
import { isObject } from "../../shared/json-schema/lua-value.ts";
import type { KindName } from "../../shared/resources/resource-key.ts";
import { byteString } from "../../shared/routing/uri-bytes.ts";
import type { JsonObject } from "../encryption/field-cipher.ts";
import { refusal } from "./answer.ts";

/** Which of the values of a list a client wants to see. Throws a `Refusal`. */
export type ListFilter = (values: readonly JsonObject[]) => readonly boolean[];

/** The kinds that `filter=service_id=…` is for. */
const FILTERED_BY_ID: ReadonlySet<KindName> = new Set(["routes", "stream_routes"]);

/** How long one pattern may take over a list, in ms; of 10,000 routes a plain one takes 10. */
const LONGEST_MATCH_MS = 250;

/** What of a list a client wants to see (reference 9.6); undefined: all. Unknown parameters filter nothing. */
export function readFilter(kind: KindName, query: URLSearchParams): ListFilter | undefined {
  const filters = [
    byPattern("name", query, ({ name }) => [name]),
    byPattern("uri", query, ({ uri, uris }) => [uri, ...(Array.isArray(uris) ? uris : [])]),
    byLabel(query.get("label")),
    FILTERED_BY_ID.has(kind) ? byIds(query.get("filter")) : undefined,
  ].filter((filter) => filter !== undefined);
  if (filters.length === 0) return undefined;
  return (values) => {
    const found = filters.map((filter) => filter(values));
    return values.map((_, at) => found.every((verdicts) => verdicts[at]));
  };
}

/** A regular expression that is none matches nothing. */
function byPattern(
  parameter: string,
  query: URLSearchParams,
  textsOf: (value: JsonObject) => readonly unknown[],
): ListFilter | undefined {
  const wanted = query.get(parameter);
  if (!wanted) return undefined;
  const pattern = compiled(wanted);
  return (values) => {
    if (!pattern) return values.map(() => false);
    const texts = values.map((value) => textsOf(value).filter(isText).map(byteString));
    const found = foundIn(texts, pattern);
    if (found) return found;
    throw refusal(400, `the pattern of ${parameter} takes too long`);
  };
}

function compiled(pattern: string): RegExp | undefined {
  try {
    return compilePcre(pattern);
  } catch (error) {
    if (error instanceof PcreSyntaxError || error instanceof PcreUnsupported) return undefined;
    throw error;
  }
}

const SEARCH = new Script("lists.map((texts) => texts.some((text) => pattern.test(text)))");

/**
 * Whether any text of each list has the pattern; undefined where that takes too long. The pattern is a
 * client's, who may only read: one such as `(a+)+$` would stop this process, publishing and all, for ever,
 * and only a script of its own can be ended. One for the whole list, for each costs as much as many matches.
 */
function foundIn(lists: readonly (readonly string[])[], pattern: RegExp): boolean[] | undefined {
  try {
    const found: boolean[] = SEARCH.runInContext(createContext({ lists, pattern }), {
      timeout: LONGEST_MATCH_MS,
    });
    return found;
  } catch (error) {
    // Of which realm the error is depends on where it was stopped: no `instanceof` can tell.
    if (isObject(error) && error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return undefined;
    throw error;
  }
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** By the name of a label, whatever its value. */
function byLabel(wanted: string | null): ListFilter | undefined {
  if (!wanted) return undefined;
  return (values) => values.map(({ labels }) => isObject(labels) && Object.hasOwn(labels, wanted));
}

function byIds(wanted: string | null): ListFilter | undefined {
  if (!wanted) return undefined;
  const ids = new URLSearchParams(wanted);
  const [service, upstream] = [ids.get("service_id"), ids.get("upstream_id")];
  const is = (id: unknown, other: string | null) => other === null || String(id) === other;
  return (values) =>
    values.map(
      ({ service_id, upstream_id }) => is(service_id, service) && is(upstream_id, upstream),
    );
}
