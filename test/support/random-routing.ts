import type { JsonValue } from "../../shared/expression/variables.ts";
import type { RouteValue, RoutingResources, TriedRequest } from "./naive-matcher.ts";
import type { Random } from "./random.ts";
import { randomExpression, randomVariables } from "./random-expression.ts";
import { type RoutingWorldOptions, variablesOf } from "./routing-world.ts";

/** Tables that are hard on a router, and requests that nearly or really meet their routes. */
export interface Shape {
  readonly name: string;
  readonly routes: (random: Random) => number;
  readonly path: (random: Random) => string;
  /** The share of routes with methods, with addresses, with vars, with a service and with hosts. */
  readonly conditions: number;
  /** The share of routes with hosts, and their hosts, where they are others. */
  readonly hosts?: { readonly share: number; readonly make: (random: Random) => string };
}

const SEGMENTS = ["a", "b", "ab", "", "é", "a+", ":x", ":y", "*", "*z", "a*", "b:c", "__proto__"];
const NARROW = ["a", "b", "ab", "abc", "é", "日", "日本", "😀"];
const HOSTS = [
  "a.com",
  "b.a.com",
  "*.a.com",
  "*a.com",
  "*",
  "*.com",
  "a.com:8080",
  "[::1]",
  "A.com",
];
const ASKED_HOSTS = ["a.com", "b.a.com", "c.b.a.com", ".a.com", "xa.com", "[::1]", "_", "com"];
const METHODS = ["GET", "POST", "PUT", "HEAD", "PURGE"];
const ASKED_METHODS = ["GET", "POST", "HEAD", "BREW", "PURGE"];
const RANGES = [
  "10.0.0.1",
  "10.0.0.0/8",
  "10.0.128.0/17",
  "0.0.0.0/0",
  "::1",
  "2001:db8::/33",
  "::/0",
];
const ADDRESSES = ["10.0.0.1", "10.0.200.7", "11.0.0.1", "::1", "2001:db8::5", "2001:db8:8000::1"];
const SERVICES = { s: { hosts: ["*.a.com", "B.a.com"] }, t: {} };

/** A stem that many routes share, longer than any one piece of an index. */
const STEM = `/${"long-common-prefix/".repeat(12)}`;

export const SHAPES: readonly Shape[] = [
  { name: "mixed", routes: (r) => 1 + r.below(14), path: anyPath, conditions: 0.3 },
  { name: "empty", routes: () => 0, path: anyPath, conditions: 0 },
  { name: "one route", routes: () => 1, path: anyPath, conditions: 0.2 },
  {
    name: "one path",
    routes: (r) => 5 + r.below(40),
    path: (r) => r.pick(["/same/:x/*", "/same/*", "/same"]),
    conditions: 0.7,
  },
  {
    name: "overlapping prefixes",
    routes: (r) => 5 + r.below(40),
    path: staircase,
    conditions: 0.1,
  },
  {
    name: "common stem",
    routes: (r) => 5 + r.below(30),
    path: (r) => STEM + staircase(r).slice(1),
    conditions: 0.1,
  },
  { name: "narrow alphabet", routes: (r) => 20 + r.below(60), path: narrowPath, conditions: 0.1 },
  { name: "numbered", routes: (r) => 50 + r.below(100), path: numberedPath, conditions: 0.05 },
];

/** Of several pages, whatever a page holds. */
export const LARGE_SHAPES: readonly Shape[] = [
  { name: "large", routes: (r) => 3000 + r.below(4000), path: severalPaths, conditions: 0.05 },
  {
    name: "many hosts",
    routes: (r) => 3000 + r.below(4000),
    path: (r) => r.pick([narrowPath, staircase])(r),
    conditions: 0.02,
    hosts: { share: 0.8, make: numberedHost },
  },
  {
    name: "a host with many paths",
    routes: (r) => 3000 + r.below(4000),
    path: (r) => r.pick([numberedPath, (more: Random) => STEM + numberedPath(more)])(r),
    conditions: 0.02,
    hosts: { share: 0.9, make: (r) => r.pick(["*.a.com", "*.a.com", "*.com", "b.a.com", "*"]) },
  },
];

/** Half of the time pages so small that even few routes lie under branches of branches. */
export function randomPaging(random: Random): RoutingWorldOptions {
  const changes = 1 + random.below(4);
  if (random.chance(0.5)) return { changes };
  return { changes, pageLimit: 100 + random.below(2000), branchFactor: 2 + random.below(8) };
}

export function randomRouting(random: Random, shape: Shape): RoutingResources {
  const routes: Record<string, RouteValue> = {};
  for (let left = shape.routes(random); left > 0; left--) {
    routes[`r${random.below(1_000_000)}`] = randomRoute(random, shape);
  }
  return { routes, services: SERVICES };
}

function randomRoute(random: Random, { path, conditions, hosts }: Shape): RouteValue {
  const has = () => random.chance(conditions);
  const host = hosts?.make ?? ((r: Random) => r.pick(HOSTS));
  return {
    uris: some(random, 1, 3, () => path(random)),
    ...(random.chance(hosts?.share ?? conditions)
      ? { hosts: some(random, 1, 3, () => host(random)) }
      : {}),
    ...(has() ? { service_id: random.pick(["s", "t", "gone"]) } : {}),
    ...(has() ? { methods: some(random, 1, 2, () => random.pick(METHODS)) } : {}),
    ...(has() ? { remote_addrs: some(random, 1, 2, () => random.pick(RANGES)) } : {}),
    ...(has() ? { vars: randomExpression(random) } : {}),
    ...(random.chance(0.03) ? { status: 0 } : {}),
    priority: random.below(3) - 1,
  };
}

/** Most paths are made from a route's own, so that deep patterns are met too. */
export function randomRequest(random: Random, resources: RoutingResources): TriedRequest {
  const ids = Object.keys(resources.routes);
  const aimedAt = ids.length === 0 ? undefined : resources.routes[random.pick(ids)];
  const host = randomHost(random, aimedAt);
  const values: Record<string, JsonValue> = randomVariables(random);
  return {
    method: random.pick(ASKED_METHODS),
    uri: randomUri(random, aimedAt),
    host,
    hostHeader: random.pick([host, `${host}:8080`, host.toUpperCase()]),
    remoteAddr: random.pick(ADDRESSES),
    variables: variablesOf(values),
  };
}

function randomHost(random: Random, aimedAt: RouteValue | undefined): string {
  if (aimedAt?.hosts === undefined || random.chance(0.3)) return random.pick(ASKED_HOSTS);
  const labels = random.pick(["", "x", "x.", "b.", "shop7."]);
  return (
    random
      .pick(aimedAt.hosts)
      .replace(/^\*\.?/, labels)
      .replace(/:\d+$/, "")
      .toLowerCase() || "_"
  );
}

function randomUri(random: Random, aimedAt: RouteValue | undefined): string {
  const { uris = ["/"] } = aimedAt ?? {};
  const fill = () => random.pick(["1", "a", "a/b", "", "b/a/b", "\udcff", "é", "日本"]);
  if (random.chance(0.2)) return anyPath(random).replace(/[*:]/g, "");
  const uri = random.pick(uris).replace(/[*:][a-z]*/g, fill);
  if (random.chance(0.7)) return uri;
  const characters = [...uri];
  const cut = characters.slice(0, random.below(characters.length + 1)).join("");
  return random.pick([cut, `${uri}/`, `${uri}x`, `${uri}\udce6`]);
}

function anyPath(random: Random): string {
  const segments = Array.from({ length: random.below(5) }, () => random.pick(SEGMENTS));
  return random.chance(0.05) ? segments.join("/") || "*" : `/${segments.join("/")}`;
}

/** One of many prefixes of the same few texts, cut anywhere. */
function staircase(random: Random): string {
  const text = random.pick(["/abcdefgh/ijkl/mnop", "/abcdéfgh/ijkl", "/日本語/日本/日"]);
  const stem = text.slice(0, 1 + random.below(text.length));
  return stem + random.pick(["", "*", "/*", "*/x", "/:a", "/*/x"]);
}

function narrowPath(random: Random): string {
  const segments = Array.from({ length: 1 + random.below(4) }, () => random.pick(NARROW));
  return `/${segments.join(random.pick(["/", ""]))}${random.pick(["", "*", "/*", "/:p"])}`;
}

function numberedPath(random: Random): string {
  return `/api/v${random.below(3)}/item${random.below(5000)}${random.pick(["", "/", "/*", "/:id", "*"])}`;
}

function severalPaths(random: Random): string {
  return random.pick([numberedPath, narrowPath, anyPath])(random);
}

/** Of a deep tree of hosts, exact and wildcard. */
function numberedHost(random: Random): string {
  const labels = [`shop${random.below(60)}`, `r${random.below(5)}`, random.pick(["com", "org"])];
  const host = labels.slice(random.below(3)).join(".");
  return random.pick(["", "*.", "*."]) + host;
}

/** Without repeats, as the schemas have it. */
function some(random: Random, least: number, most: number, make: () => string): string[] {
  const count = least + random.below(most - least + 1);
  return [...new Set(Array.from({ length: count }, make))];
}
