import type { Resource, Values } from "../../shared/resources/resource.ts";
import { type KindName, resourceKey } from "../../shared/resources/resource-key.ts";
import type { Facts } from "../../shared/routing/facts.ts";
import { RouteIndex } from "../../shared/routing/route-index.ts";
import type { RouteMatch } from "../../shared/routing/route-match.ts";
import { RouteTree } from "../../shared/routing/route-tree.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import { madeChunks } from "../../shared/snapshot/made-chunks.ts";
import { type FreshChunks, TreeChunks } from "../../shared/snapshot/tree-chunks.ts";
import { indexedRoute } from "../compile/indexed-route.ts";
import type { ResourceTable } from "../resource-table.ts";
import type { EtcdTable } from "../table/read-etcd.ts";
import type { Origin, RoutingTable } from "./routing-table.ts";

/** What etcd holds, with an index as the exporter would publish it. */
export class IndexedTable implements RoutingTable {
  readonly origin: Origin;
  readonly router: RouterName;
  readonly #table: ResourceTable;
  readonly #index: RouteIndex;

  /** Makes the whole index. Throws a RangeError where the routes do not fit into one. */
  static async build({ table, revision }: EtcdTable, router: RouterName): Promise<IndexedTable> {
    const tree = new RouteTree(router);
    tree.apply(indexedRoutes(table));
    const chunks: FreshChunks = new Map();
    const { root } = await new TreeChunks(tree.codec).write(tree.root, new Set(), chunks);
    const index = new RouteIndex(router, root, madeChunks(chunks));
    const origin: Origin = { from: "etcd", revision, rejected: table.rejectionCount };
    return new IndexedTable(table, index, origin);
  }

  private constructor(table: ResourceTable, index: RouteIndex, origin: Origin) {
    this.origin = origin;
    this.router = index.router;
    this.#table = table;
    this.#index = index;
  }

  async match(facts: Facts): Promise<RouteMatch | undefined> {
    return this.#index.match(facts);
  }

  async *routes(): AsyncGenerator<Resource<"routes">> {
    yield* this.#table.ofKind("routes");
  }

  async resource<K extends KindName>(kind: K, id: string): Promise<Resource<K> | undefined> {
    return this.#table.get(resourceKey(kind, id)) as Resource<K> | undefined;
  }

  async globalRules(): Promise<readonly Values["global_rules"][]> {
    const rules = [...this.#table.ofKind("global_rules")];
    return rules.sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ value }) => value);
  }
}

function* indexedRoutes(table: ResourceTable) {
  for (const route of table.ofKind("routes")) yield [route.id, indexedRoute(route, table)] as const;
}
