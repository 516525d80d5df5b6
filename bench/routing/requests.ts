import { type Random, seededRandom } from "../../test/support/random.ts";
import type { TableRoute } from "./route-table.ts";

/**
 * Requests to a table, made from a seed. Four fifths are meant for a route, a fifth for none: unknown
 * hosts, what scanners try, and paths that are nearly those of a route (a catch-all may still take one).
 *
 * - `zipf`: a route's share follows its rank (exponent 1), and so do the values of its parameters, out of
 *   10,000: what comes once mostly comes again, as with real traffic.
 * - `spread`: every route is as likely as any other, and the values of parameters are out of a billion.
 */
export type StreamKind = "zipf" | "spread";

export interface TableRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Query arguments, headers and cookies by the names of APISIX's variables. */
  readonly values: Readonly<Record<string, string>>;
}

const MISS_SHARE = 0.2;
const VALUES = 10_000;
const METHODS = ["GET", "GET", "GET", "POST", "PUT", "DELETE"] as const;
const PROBES = ["/wp-login.php", "/.env", "/favicon.ico", "/robots.txt", "/admin", "/api/v1/pods"];
const NO_VALUES: TableRequest["values"] = {};

export function makeRequests(
  table: readonly TableRoute[],
  kind: StreamKind,
  count: number,
  seed: number,
  missShare = MISS_SHARE,
): TableRequest[] {
  const random = seededRandom(seed);
  const rankOf = kind === "zipf" ? zipf(table.length) : undefined;
  const valueRank = zipf(VALUES);
  const order = shuffled(table.length, random);
  const route = () => {
    const rank = rankOf ? rankOf(random.next()) : random.below(table.length);
    return table[order[rank] as number] as TableRoute;
  };
  const value = () =>
    kind === "zipf" ? `${1e6 + valueRank(random.next())}` : `${random.below(1e9)}`;
  return Array.from({ length: count }, () => {
    const hit = requestFor(route(), value, random);
    return random.chance(missShare) ? spoilt(hit, random) : hit;
  });
}

function requestFor(route: TableRoute, value: () => string, random: Random): TableRequest {
  const host = route.hosts.length > 0 ? random.pick(route.hosts) : "unlisted.example.net";
  const path = route.uri
    .replaceAll(/:[a-z]+/g, value)
    .replace("*", () => `${value()}/${random.pick(["index.html", "main.js", "a/b", "list"])}`);
  return {
    method: random.pick(route.methods.length > 0 ? route.methods : METHODS),
    host: host.startsWith("*") ? `shop-${1 + random.below(20)}${host.slice(1)}` : host,
    path,
    values: valuesFor(route, random),
  };
}

/** Half of what could be a canary's is; others send such values too, now and then. */
function valuesFor({ vars }: TableRoute, random: Random): TableRequest["values"] {
  if (vars.length > 0 && random.chance(0.5)) {
    return Object.fromEntries(
      vars.map((condition) => [
        condition[0],
        condition[1] === "in" ? random.pick(condition[2]) : condition[2],
      ]),
    );
  }
  return random.chance(0.1) ? { http_x_canary: "1", arg_page: "2" } : NO_VALUES;
}

function spoilt(request: TableRequest, random: Random): TableRequest {
  const kind = random.below(4);
  if (kind === 0) return { ...request, host: `${random.below(1e6)}.unknown.example.org` };
  if (kind === 1) return { ...request, path: random.pick(PROBES) };
  if (kind === 2) {
    const at = 2 + random.below(Math.max(1, request.path.length - 2));
    return { ...request, path: `${request.path.slice(0, at)}~${request.path.slice(at)}` };
  }
  return { ...request, path: `${request.path}/${random.below(1000)}` };
}

/** From a number of [0, 1) to a rank, where rank r is as likely as 1 / (r + 1). */
function zipf(size: number): (at: number) => number {
  const sums = new Float64Array(size);
  let sum = 0;
  for (let i = 0; i < size; i++) {
    sum += 1 / (i + 1);
    sums[i] = sum;
  }
  return (at) => {
    const wanted = at * sum;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

function shuffled(size: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const held = order[i] as number;
    order[i] = order[j] as number;
    order[j] = held;
  }
  return order;
}
