import type { RouterName } from "../snapshot/format.ts";
import { PagedTree, type TreeNode } from "../snapshot/paged-tree.ts";
import type { TreeCodec } from "../snapshot/tree-chunks.ts";
import { encodeRoutePage } from "./encode-route-page.ts";
import {
  ANY_HOST,
  compareEntries,
  EXACT_HOST,
  entriesOf,
  HOST_SUFFIX,
  type IndexedRoute,
  type RouteEntry,
} from "./route-entry.ts";
import { BRANCH_ANY_HOST, HOST_ANCESTOR } from "./route-page-layout.ts";

/** INDEX.md 5.2.8: about the bytes of a page, at most. */
const PAGE_LIMIT = 40 * 1024;

/** The routes of an index, by id; `root` is all of them at this moment. */
export class RouteTree {
  /** How they become pages and branches (INDEX.md). */
  readonly codec: TreeCodec<RouteEntry>;
  readonly #router: RouterName;
  readonly #tree: PagedTree<RouteEntry>;
  readonly #entries = new Map<string, readonly RouteEntry[]>();
  #root: TreeNode<RouteEntry> | undefined;

  /** Another `limit` or `branchFactor` than the format's is for tests. */
  constructor(router: RouterName, limit = PAGE_LIMIT, branchFactor?: number) {
    this.#router = router;
    const tree = new PagedTree<RouteEntry>({
      keyOf: ({ key }) => key,
      compare: compareEntries,
      weigh: ({ key, routeId, conditions }) =>
        16 + routeId.length + (key.length >> 1) + (conditions.length >> 2),
      limit,
    });
    this.#tree = tree;
    this.codec = {
      tree,
      limit,
      branchFactor,
      encodeLeaf: (entries) => encodeRoutePage(router, entries),
      ancestors: (branch, key) => ancestors(tree, branch, key),
      flags: (branch) => (holdsAnyHost(tree, branch) ? BRANCH_ANY_HOST : 0),
    };
  }

  get root(): TreeNode<RouteEntry> | undefined {
    return this.#root;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes over what became of these routes; undefined: it is gone, or does not match any more. */
  apply(changes: Iterable<readonly [id: string, route: IndexedRoute | undefined]>): void {
    const added: RouteEntry[] = [];
    const tree = this.#tree;
    for (const [id, route] of changes) {
      const held = this.#entries.get(id) ?? [];
      const entries = route ? entriesOf(this.#router, route) : [];
      if (areSame(held, entries)) continue;
      for (const entry of held) this.#root = tree.remove(this.#root, entry);
      // A copy has no room to grow: of a million arrays that is worth having.
      if (route) this.#entries.set(id, entries.slice());
      else this.#entries.delete(id);
      for (const entry of entries) added.push(entry);
    }
    if (this.#root) {
      for (const entry of added) this.#root = tree.insert(this.#root, entry);
    } else {
      this.#root = tree.build(added);
    }
  }
}

/** Most changes of a route do not touch what it matches. */
function areSame(held: readonly RouteEntry[], entries: readonly RouteEntry[]): boolean {
  return (
    held.length === entries.length &&
    held.every((entry, i) => {
      const other = entries[i] as RouteEntry;
      return (
        compareEntries(entry, other) === 0 &&
        entry.pattern === other.pattern &&
        entry.methods === other.methods &&
        entry.conditions === other.conditions
      );
    })
  );
}

type Tree = PagedTree<RouteEntry>;
type Branch = TreeNode<RouteEntry>;

function holdsAnyHost(tree: Tree, branch: Branch): boolean {
  return tree.floor(branch, `${ANY_HOST}\xff`)?.startsWith(ANY_HOST) ?? false;
}

/**
 * FORMAT.md 5.1.5. Whatever lies before `key` and is the beginning of it is the beginning of the greatest
 * key before it as well: so one look for each ancestor, and one more for each that is none.
 */
function ancestors(tree: Tree, branch: Branch, key: string): readonly number[] {
  let hostLength = 0;
  while (key.charAt(hostLength) > ANY_HOST) hostLength++;
  return [
    ...hostAncestors(tree, branch, key, hostLength),
    ...pathAncestors(tree, branch, key, hostLength),
  ];
}

function pathAncestors(tree: Tree, branch: Branch, key: string, hostLength: number): number[] {
  const found: number[] = [];
  let wanted = key;
  let isBelow = true;
  while (wanted.length > hostLength) {
    const floor: string | undefined = tree.floor(branch, wanted, isBelow);
    if (floor === undefined) break;
    const shared = sharedLength(floor, wanted);
    const isFound = shared === floor.length;
    if (isFound && hasPrefixEntries(branch, floor)) found.push(shared);
    wanted = wanted.slice(0, shared);
    isBelow = isFound;
  }
  return found.reverse();
}

function hostAncestors(tree: Tree, branch: Branch, key: string, hostLength: number): number[] {
  const found: number[] = [];
  // The key's own suffix lies where the key lies, not before it.
  let length = key.charAt(hostLength) === HOST_SUFFIX ? hostLength - 1 : hostLength;
  while (length >= 0) {
    const wanted = key.slice(0, length);
    const floor = tree.floor(branch, wanted + EXACT_HOST, true);
    if (floor === undefined) break;
    if (floor.startsWith(wanted + HOST_SUFFIX)) {
      found.push(length | HOST_ANCESTOR);
      length--;
    } else {
      length = Math.min(length - 1, sharedLength(floor, wanted));
    }
  }
  return found.reverse();
}

/** Whether anything under exactly this key is a prefix, not an exact path only. */
function hasPrefixEntries(branch: Branch, key: string): boolean {
  let node = branch;
  while (node.is === "split") node = key < node.key ? node.left : node.right;
  return node.entries.some((entry) => entry.key === key && entry.isPrefix);
}

function sharedLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}
