import type { Resource } from "../../shared/resources/resource.ts";
import type { RouteEntry } from "../../shared/routing/route-entry.ts";
import { RouteTree } from "../../shared/routing/route-tree.ts";
import type { Body } from "../../shared/snapshot/body-chunk.ts";
import { type BodyChange, BodyTree } from "../../shared/snapshot/body-tree.ts";
import { contentDigest } from "../../shared/snapshot/codec.ts";
import type { RouterName, SnapshotContent } from "../../shared/snapshot/format.ts";
import { type FreshChunks, TreeChunks, type TreeSizes } from "../../shared/snapshot/tree-chunks.ts";
import type { ResourceTable } from "../resource-table.ts";
import type { CompiledSnapshot } from "./compiled-snapshot.ts";
import { IdentityIndex } from "./identity-index.ts";
import { indexedRoute } from "./indexed-route.ts";

export interface Pauses {
  /** Between so many changes the process gets to do what else is due, as to stay the leader. */
  readonly changesAtOnce: number;
  readonly pause: () => Promise<void>;
}

export interface CompilerOptions {
  readonly pauses?: Pauses | undefined;
  /** The format's where it is absent; others are for tests. */
  readonly sizes?: TreeSizes | undefined;
}

const NO_PAUSES: Pauses = { changesAtOnce: Number.POSITIVE_INFINITY, pause: async () => {} };

/**
 * Resources to a snapshot, deterministically: the same resources give the same bytes. Between two calls
 * it remembers what it encoded, so that a call's work follows the change.
 */
export class Compiler {
  readonly #router: RouterName;
  readonly #bodies: BodyTree;
  readonly #bodyChunks: TreeChunks<Body>;
  readonly #identities = new IdentityIndex();
  readonly #routes: RouteTree;
  readonly #routeChunks: TreeChunks<RouteEntry>;
  /** Ids of the routes that refer to a service, by its id. */
  readonly #routesOf = new Map<string, Set<string>>();
  readonly #serviceOf = new Map<string, string>();
  readonly #pauses: Pauses;

  constructor(router: RouterName, { pauses = NO_PAUSES, sizes }: CompilerOptions = {}) {
    this.#router = router;
    this.#pauses = pauses;
    this.#bodies = new BodyTree(sizes?.bodies, sizes?.branchFactor);
    this.#routes = new RouteTree(router, sizes?.pages, sizes?.branchFactor);
    this.#routeChunks = new TreeChunks(this.#routes.codec);
    this.#bodyChunks = new TreeChunks(this.#bodies.codec);
  }

  /**
   * `changed` are the keys below the prefix that changed in `table` since the last call, `known` the
   * chunks that the store is known to hold, the same set as long as that was not found out anew. A snapshot
   * is of one moment: `table` must stay as it is until `tableIsRead` is called. Throws a RangeError where the
   * routes do not fit into an index; the next call then takes these changes in too.
   */
  async compile(
    table: ResourceTable,
    changed: ReadonlySet<string>,
    known: ReadonlySet<string>,
    tableIsRead: () => void = () => {},
  ): Promise<CompiledSnapshot> {
    await this.#inParts(this.#bodiesIn(table, changed), this.#bodies);
    await this.#inParts(this.#routesIn(table, changed), this.#routes);
    const counts = table.counts();
    const checked = table.checked.size;
    const globalRules = [...table.ofKind("global_rules")].map(({ id }) => id).sort();
    const roots = { bodies: this.#bodies.root, index: this.#routes.root };
    tableIsRead();

    const fresh: FreshChunks = new Map();
    const bodies = await this.#bodyChunks.write(roots.bodies, known, fresh);
    const index = await this.#routeChunks.write(roots.index, known, fresh);
    const content: SnapshotContent = {
      router: this.#router,
      index: index.root,
      bodies: bodies.root,
      globalRules,
      counts,
      ...(checked > 0 ? { checked } : {}),
    };
    const confirm = () => {
      bodies.confirm();
      index.confirm();
    };
    return { content, digest: await contentDigest(content), fresh, confirm };
  }

  async #inParts<T>(changes: Iterator<T>, tree: PartedTree<T>): Promise<void> {
    const { changesAtOnce, pause } = this.#pauses;
    for (let isLast = false; !isLast; ) {
      const part = take(changes, changesAtOnce);
      isLast = part.length < changesAtOnce;
      tree.note(part);
      if (!isLast) await pause();
    }
    tree.settle();
  }

  /** The resources that changed, and the entries by which their senders are found. */
  *#bodiesIn(table: ResourceTable, changed: ReadonlySet<string>): Generator<BodyChange> {
    for (const key of changed) {
      if (IdentityIndex.isHolder(key)) this.#identities.note(key, table.get(key));
      yield [key, table.body(key)];
    }
    yield* this.#identities.changes();
  }

  /** The routes that changed, and those that have their hosts from a service that did. */
  *#routesIn(table: ResourceTable, changed: ReadonlySet<string>) {
    const ids = new Set<string>();
    for (const key of changed) {
      const [kind, id = ""] = key.split("/");
      if (kind === "routes") ids.add(id);
      if (kind === "services") for (const route of this.#routesOf.get(id) ?? []) ids.add(route);
    }
    for (const id of ids) {
      const route = table.get(`routes/${id}`) as Resource<"routes"> | undefined;
      this.#refer(id, route);
      yield [id, route && indexedRoute(route, table)] as const;
    }
  }

  #refer(id: string, route: Resource<"routes"> | undefined): void {
    const before = this.#serviceOf.get(id);
    const now = route?.value.service_id === undefined ? undefined : String(route.value.service_id);
    if (before === now) return;
    if (before !== undefined) this.#forget(before, id);
    if (now === undefined) {
      this.#serviceOf.delete(id);
      return;
    }
    this.#serviceOf.set(id, now);
    const routes = this.#routesOf.get(now) ?? new Set();
    this.#routesOf.set(now, routes.add(id));
  }

  #forget(service: string, id: string): void {
    const routes = this.#routesOf.get(service);
    routes?.delete(id);
    if (routes?.size === 0) this.#routesOf.delete(service);
  }
}

interface PartedTree<T> {
  note(changes: Iterable<T>): void;
  settle(): void;
}

function take<T>(from: Iterator<T>, most: number): readonly T[] {
  const taken: T[] = [];
  while (taken.length < most) {
    const next = from.next();
    if (next.done) break;
    taken.push(next.value);
  }
  return taken;
}
