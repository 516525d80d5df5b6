import { readFileSync } from "node:fs";
import { HTTP_PLUGINS } from "../../shared/plugins/catalogue.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";

/** One configuration that a real APISIX had, the requests to it, and its answers. */
export interface RecordedCase {
  readonly id: string;
  readonly mode: RouterName;
  /** `k` is the kind, and for credentials `consumers/NAME/credentials`. */
  readonly resources: readonly { readonly k: string; readonly id: string; readonly v: object }[];
  /** Deleted once all are written. */
  readonly after?: readonly { readonly k: string; readonly id: string }[];
  /** Response headers, and those that the upstream sees, with an id that is another one each time. */
  readonly volatile?: readonly string[];
  readonly requests: readonly RecordedRequest[];
  /** `null` is not compared; `0` is judged with its group. */
  readonly x: readonly (RecordedAnswer | null | 0)[];
  /** How often `status:port` came in a group. */
  readonly groups?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** As it is sent, on a connection of its own. Target and headers: one character a byte; the body is UTF-8. */
export interface RecordedRequest {
  readonly m: string;
  readonly t: string;
  readonly host?: string;
  readonly h?: readonly (readonly [string, string])[];
  readonly b?: string;
  readonly chunked?: 1 | true;
  /** The client's address; 127.0.0.1 where it is left out. */
  readonly src?: string;
  /** HTTP version where it is not 1.1. */
  readonly v?: string;
  /** The group in which the answer counts, */
  readonly g?: string;
  /** unless these are the ports of which it may be any. */
  readonly ports?: readonly number[];
}

/** An answer, without what is another one each time. */
export interface RecordedAnswer {
  readonly s: number;
  /** The upstream's port; absent: none was reached. */
  readonly p?: number;
  readonly up?: UpstreamView;
  readonly h?: Readonly<Record<string, string | readonly string[]>>;
  /** Content-Type; absent: application/json or none. */
  readonly ct?: string;
  readonly b?: unknown;
  /** A page of nginx, of which only the status counts. */
  readonly html?: true;
  /** The body was the upstream's own. */
  readonly echo?: 1;
}

/** What the upstream saw otherwise than the client had sent it; `null`: a header that did not arrive. */
export interface UpstreamView {
  readonly method?: string;
  readonly uri?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly body?: unknown;
}

/** Stands in the recordings for what makes the counters of one run its own; not fit for a host name. */
const SALT_MARK = /@S@/g;
/** Each case has one of its own: what plugins count goes on from case to case. */
export const SALT = /s4x1t\d{3}/g;
let cases = 0;

/** The cases of one file, a line each. */
export function readRecordedCases(path: string): RecordedCase[] {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line) => {
    const { x }: RecordedCase = JSON.parse(line);
    // The answers keep the mark: they are compared once it is back in what came.
    const salt = `s4x1t${String(cases++).padStart(3, "0")}`;
    return { ...(JSON.parse(line.replace(SALT_MARK, salt)) as RecordedCase), x };
  });
}

/**
 * A URL parser leaves its target as it is: Workers hand over the target only as parsed, and speak no
 * HTTP/1.0. None of the headers that the platform knows is empty: to a Worker, that is none.
 */
export function isPlain({ t, host, v, h = [] }: RecordedRequest): boolean {
  if (!t.startsWith("/") || host === undefined || v === "1.0") return false;
  if (h.some(([name, value]) => value === "" && KNOWN_HEADERS.has(name.toLowerCase())))
    return false;
  if (!URL.canParse(`http://${host}${t}`)) return false;
  const { pathname, search } = new URL(`http://${host}${t}`);
  return pathname + search === t && !/\/\/|%2f|%5c/i.test(pathname);
}

const KNOWN_HEADERS = new Set([
  "accept",
  "content-type",
  "cookie",
  "origin",
  "referer",
  "user-agent",
]);

const supportOf = new Map(HTTP_PLUGINS.map(({ name, support }) => [name, support.is]));

/** The plugins that these cases configure and the edge does not run, sorted. */
export function unsupportedPlugins(cases: readonly RecordedCase[]): string[] {
  const names = new Set<string>();
  for (const { resources } of cases) {
    for (const { k, id, v } of resources) {
      if (k === "plugin_metadata") names.add(id);
      if ("plugins" in v) for (const name of namesIn(v.plugins)) names.add(name);
    }
  }
  return [...names].filter((name) => supportOf.get(name) !== "supported").sort();
}

/** Of a map of plugins, with those that `multi-auth` and `workflow` run themselves. */
function* namesIn(plugins: unknown): Generator<string> {
  for (const [name, configuration] of Object.entries(plugins as Record<string, object>)) {
    yield name;
    const { auth_plugins: tried = [], rules = [] } = configuration as {
      readonly auth_plugins?: readonly object[];
      readonly rules?: readonly { readonly actions?: readonly (readonly [string, object])[] }[];
    };
    if (name === "multi-auth") for (const one of tried) yield* namesIn(one);
    if (name !== "workflow") continue;
    for (const { actions = [] } of rules) {
      for (const [action] of actions) if (supportOf.has(action)) yield action;
    }
  }
}
