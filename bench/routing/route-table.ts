import { type Random, seededRandom } from "../../test/support/random.ts";
import { POOL } from "./words.ts";

/**
 * Route tables as APISIX's users have them, made from a seed. A table is a number of services; each has
 * about ten to thirty routes under its own path on one host, sometimes on two or three:
 *
 * | share | routes | example |
 * |---|---|---|
 * | 40 % | exact paths | `/invoice-export/v1/orders/search` |
 * | 38 % | parameters | `/invoice-export/v1/orders/:order/items/:item` |
 * | 22 % | prefixes, a catch-all for each service among them | `/invoice-export/v1/files/*` |
 *
 * Four fifths have methods. A tenth are canaries: the route before them again with `vars` and a higher
 * priority. 5 % of the services have a wildcard host, 10 % none. Two kinds of table:
 *
 * - `parameters`: the router `radixtree_uri_with_parameter`; services named by two words on a few hosts
 *   (1k routes: 20 hosts, 10k: 90, 100k: 420, 1M: 2,000), so a path is on one host or on a few.
 * - `tenants`: APISIX's default router, `radixtree_host_uri`; many hosts (one for 40 routes), all with the
 *   same one-word services, so a path is on very many hosts. This router has no parameters: what is one in
 *   the other kind of table is a prefix here.
 */
export type TableKind = "parameters" | "tenants";

export interface TableRoute {
  readonly id: string;
  readonly uri: string;
  /** Empty: any. */
  readonly hosts: readonly string[];
  /** Empty: any. */
  readonly methods: readonly string[];
  readonly priority: number;
  /** All must hold. */
  readonly vars: readonly Condition[];
}

export type Condition =
  | readonly [name: string, operator: "==", value: string]
  | readonly [name: string, operator: "in", values: readonly string[]];

export const ROUTERS = {
  parameters: "radixtree_uri_with_parameter",
  tenants: "radixtree_host_uri",
} as const;

const CANARIES: readonly (readonly Condition[])[] = [
  [["arg_tier", "==", "gold"]],
  [["http_x_canary", "==", "1"]],
  [["http_x_country", "in", ["DE", "AT", "CH"]]],
  [
    ["cookie_beta", "==", "on"],
    ["arg_preview", "==", "1"],
  ],
];

/** `{}` is the resource, `{s}` its singular. */
const RESOURCE_ROUTES: readonly (readonly [path: string, methods: readonly string[]])[] = [
  ["/{}", ["GET"]],
  ["/{}", ["POST"]],
  ["/{}/search", ["GET", "POST"]],
  ["/{}/:{s}", ["GET", "HEAD"]],
  ["/{}/:{s}", ["PUT", "PATCH"]],
  ["/{}/:{s}", ["DELETE"]],
  ["/{}/:{s}/history", ["GET"]],
  ["/{}/:{s}/items/:item", ["GET", "PUT", "DELETE"]],
  ["/{}/export", []],
  ["/{}/files/*", ["GET"]],
  ["/{}/:{s}/labels", ["GET", "PUT"]],
];

const SERVICE_ROUTES: readonly (readonly [path: string, methods: readonly string[]])[] = [
  ["/healthz", []],
  ["/openapi.json", ["GET"]],
  ["/static/*", ["GET", "HEAD"]],
  ["/callbacks/*", ["POST"]],
  ["/*", []],
];

interface Service {
  readonly base: string;
  readonly hosts: readonly string[];
  readonly word: string;
}

export function makeTable(kind: TableKind, size: number, seed: number): readonly TableRoute[] {
  const random = seededRandom(seed);
  const hosts = hostsOf(kind, size);
  const routes: TableRoute[] = [];
  const taken = new Set<string>();
  while (routes.length < size) {
    const service = makeService(kind, hosts, random);
    const place = `${service.hosts.join()} ${service.base}`;
    if (taken.has(place)) continue;
    taken.add(place);
    for (const [uri, methods] of pathsOf(kind, service, random)) {
      const route = makeRoute(routes.length, service, uri, methods, random);
      routes.push(route);
      if (random.chance(0.11)) routes.push(canaryOf(route, routes.length, random));
    }
  }
  return routes.slice(0, size);
}

function hostsOf(kind: TableKind, size: number): readonly string[] {
  const count =
    kind === "tenants" ? Math.ceil(size / 40) : Math.round(20 * (size / 1000) ** (2 / 3));
  return Array.from({ length: count }, (_, i) => {
    const word = POOL[(i * 7) % POOL.length] as string;
    if (kind === "tenants") return `${word}-${i}.example.com`;
    return `${["api", "www", "eu", "partner"][i % 4]}.${word}${i >> 2}.example`;
  });
}

function makeService(kind: TableKind, hosts: readonly string[], random: Random): Service {
  const word = random.pick(POOL);
  const name = kind === "tenants" ? word : `${word}-${random.pick(POOL)}`;
  const base = `/${name}/v${1 + random.below(3)}`;
  const host = random.pick(hosts);
  const kindOfHost = random.next();
  // A tenant's service without a host is on all of them: rarer there.
  if (kindOfHost < (kind === "tenants" ? 0.002 : 0.1)) return { base, hosts: [], word };
  if (kindOfHost < 0.15) return { base, hosts: [`*.${host}`], word };
  const others = kindOfHost < 0.27 ? [random.pick(hosts), random.pick(hosts)] : [];
  return { base, hosts: [...new Set([host, ...others])], word };
}

/** One or two resources with most of their routes, and what every service has. */
function* pathsOf(kind: TableKind, { base }: Service, random: Random) {
  for (let left = 1 + random.below(2); left > 0; left--) {
    const resource = `${random.pick(POOL)}s`;
    for (const [path, methods] of RESOURCE_ROUTES) {
      if (random.chance(0.15)) continue;
      const uri = base + path.replaceAll("{}", resource).replaceAll("{s}", resource.slice(0, -1));
      yield [kind === "tenants" ? uri.replace(/:.*$/, "*") : uri, methods] as const;
    }
  }
  for (const [path, methods] of SERVICE_ROUTES) {
    if (random.chance(0.6)) yield [base + path, methods] as const;
  }
}

function makeRoute(
  number: number,
  { hosts, word }: Service,
  uri: string,
  methods: readonly string[],
  random: Random,
): TableRoute {
  // The Admin API and the Dashboard give numbers; people give names.
  const id = random.chance(2 / 3) ? String(number + 1) : `${word}-${number + 1}`;
  return { id, uri, hosts, methods, priority: random.chance(0.03) ? 5 : 0, vars: [] };
}

function canaryOf(route: TableRoute, number: number, random: Random): TableRoute {
  const vars = random.pick(CANARIES);
  return { ...route, id: `canary-${number + 1}`, priority: 10, vars };
}

/** A route as it lies in etcd: about 560 bytes, the size of a usual one. */
export function resourceOf(route: TableRoute, number: number): object {
  const { id, uri, hosts, methods, priority, vars } = route;
  return {
    id,
    name: `operation-${number} of ${uri.split("/")[1]}`,
    desc: "A route of the benchmark, with a description of the usual length for such things.",
    uri,
    ...(hosts.length > 0 ? { hosts } : {}),
    ...(methods.length > 0 ? { methods } : {}),
    ...(vars.length > 0 ? { vars } : {}),
    priority,
    labels: { team: `team-${number % 31}`, environment: "production" },
    upstream: {
      type: "roundrobin",
      nodes: { [`10.0.${number % 250}.10:8080`]: 1, [`10.0.${number % 250}.11:8080`]: 1 },
      timeout: { connect: 3, send: 10, read: 10 },
      pass_host: "pass",
    },
    create_time: 1764000000,
    update_time: 1764000000,
    status: 1,
  };
}
