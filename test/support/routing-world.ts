import { indexedRoute } from "../../exporter/compile/indexed-route.ts";
import type { JsonValue, Variables } from "../../shared/expression/variables.ts";
import { RouteIndex } from "../../shared/routing/route-index.ts";
import { RouteTree } from "../../shared/routing/route-tree.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import { madeChunks } from "../../shared/snapshot/made-chunks.ts";
import { type FreshChunks, TreeChunks } from "../../shared/snapshot/tree-chunks.ts";
import type { RoutingResources, TriedRequest } from "./naive-matcher.ts";
import { ResourceWorld } from "./resource-world.ts";

/** What was found for a request; undefined: nothing. */
export interface FoundRoute {
  readonly routeId: string;
  readonly path: string;
  readonly host: string | undefined;
  readonly params: Readonly<Record<string, string>>;
}

/** Resources as the exporter validates and compiles them, matched as the edge does. */
export interface RoutingWorld {
  match(request: TriedRequest): FoundRoute | undefined;
  /** How many chunks its index has. */
  readonly chunks: number;
}

/** How the index is made, where not as the exporter makes it at once. */
export interface RoutingWorldOptions {
  /** Bytes of a page, about, and children of a branch: small ones make a deep tree of few routes. */
  readonly pageLimit?: number;
  readonly branchFactor?: number;
  /** The routes come in so many changes, one after the other. */
  readonly changes?: number;
  /** What becomes of every chunk on its way. */
  readonly transmit?: (chunk: Uint8Array) => Uint8Array;
}

/** The one place where tests of matching meet the index. Throws where a resource is rejected. */
export async function openRoutingWorld(
  router: RouterName,
  resources: RoutingResources,
  options: RoutingWorldOptions = {},
): Promise<RoutingWorld> {
  const { pageLimit, branchFactor, changes = 1, transmit = (chunk) => chunk } = options;
  const { table } = worldOf(resources);
  const tree = new RouteTree(router, pageLimit, branchFactor);
  const routes = [...table.ofKind("routes")];
  for (let i = 0; i < changes; i++) {
    const changed = routes.filter((_route, at) => at % changes === i);
    tree.apply(changed.map((route) => [route.id, indexedRoute(route, table)]));
  }
  const fresh: FreshChunks = new Map();
  const { root } = await new TreeChunks(tree.codec).write(tree.root, new Set(), fresh);
  const chunks = new Map([...fresh].map(([sha256, bytes]) => [sha256, () => transmit(bytes())]));
  const index = new RouteIndex(router, root, madeChunks(chunks));
  return {
    chunks: fresh.size,
    match: (request) => {
      const found = index.match(request);
      if (!found) return undefined;
      const { routeId, path, host, params } = found;
      return { routeId, path, host, params: { ...params } };
    },
  };
}

/** The variables of a request that has just these. */
export function variablesOf(values: Readonly<Record<string, JsonValue>>): Variables {
  return { get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined) };
}

/** The resources as the exporter validates them. Throws where one is rejected. */
export function worldOf({ routes, services = {} }: RoutingResources): ResourceWorld {
  const world = new ResourceWorld();
  const keyed = (kind: string, values: Readonly<Record<string, object>>) =>
    Object.entries(values).map(([id, value]) => [`${kind}/${id}`, withUpstream(value)]);
  world.put(Object.fromEntries([...keyed("services", services), ...keyed("routes", routes)]));
  const [rejection] = world.table.rejections();
  if (rejection) throw new Error(`a test's resource is rejected: ${JSON.stringify(rejection)}`);
  return world;
}

/** A route must lead somewhere to be valid. */
function withUpstream(value: object): object {
  return { upstream: { type: "roundrobin", nodes: { "127.0.0.1:80": 1 } }, ...value };
}
