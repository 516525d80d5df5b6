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
  readonly #entries = new Map<string, Held>();
  #root: TreeNode<RouteEntry> | undefined;
  #removed: RouteEntry[] = [];
  #added: RouteEntry[] = [];

  /** Another `limit` or `branchFactor` than the format's is for tests. */
  constructor(router: RouterName, limit = PAGE_LIMIT, branchFactor?: number) {
    this.#router = router;
    const tree = new PagedTree<RouteEntry>({
      keyOf: ({ key }) => key,
      compare: compareEntries,
      weigh: ({ key, routeId, hosts, conditions }) =>
        16 + routeId.length + (key.length >> 1) + ((hosts.length + conditions.length) >> 2),
      limit,
    });
    this.#tree = tree;
    this.codec = {
      tree,
      limit,
      branchFactor,
      encodeLeaf: (entries) => encodeRoutePage(router, entries),
      ancestors: createAncestors(tree),
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
  apply(changes: Iterable<RouteChange>): void {
    this.note(changes);
    this.settle();
  }

  /** The same in parts, no route in two of them: `root` has none of it until `settle`. */
  note(changes: Iterable<RouteChange>): void {
    for (const [id, route] of changes) {
      const held = listed(this.#entries.get(id));
      const entries = route ? entriesOf(this.#router, route) : [];
      if (areSame(held, entries)) continue;
      const [only] = entries;
      if (!only) this.#entries.delete(id);
      else this.#entries.set(id, entries.length === 1 ? only : entries);
      for (const entry of held) this.#removed.push(entry);
      for (const entry of entries) this.#added.push(entry);
    }
  }

  settle(): void {
    this.#root = this.#tree.change(this.#root, this.#removed, this.#added);
    this.#removed = [];
    this.#added = [];
  }
}

export type RouteChange = readonly [id: string, route: IndexedRoute | undefined];

/** Of a million routes most have one entry, and a list for each would be as large. */
type Held = RouteEntry | readonly RouteEntry[];

function listed(held: Held | undefined): readonly RouteEntry[] {
  if (held === undefined) return [];
  return "key" in held ? [held] : held;
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
        entry.hosts === other.hosts &&
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
 * FORMAT.md 5.1.5. What lies before a child and is a beginning of the next one's least key is a beginning of
 * the child's own as well, and so among its ancestors; the others lie in the child itself. Those are
 * remembered: of a branch that is written again most children are the same as before.
 */
function createAncestors(tree: Tree): NonNullable<TreeCodec<RouteEntry>["ancestors"]> {
  const within = new WeakMap<Branch, { readonly key: string; readonly found: readonly number[] }>();
  return (before, key) => {
    const { node } = before;
    let own = within.get(node);
    if (own?.key !== key) {
      own = { key, found: ancestorsWithin(tree, node, key) };
      within.set(node, own);
    }
    const shared = sharedLength(before.key, key);
    const most = hostSuffixLimit(key);
    const all = before.ancestors.filter((ancestor) =>
      isHost(ancestor) ? (ancestor & ~HOST_ANCESTOR) <= Math.min(shared, most) : ancestor <= shared,
    );
    // A host suffix may have paths on both sides.
    for (const ancestor of own.found) if (!all.includes(ancestor)) all.push(ancestor);
    return [...all.filter(isHost), ...all.filter((ancestor) => !isHost(ancestor))];
  };
}

function isHost(ancestor: number): boolean {
  return (ancestor & HOST_ANCESTOR) !== 0;
}

/**
 * Whatever lies before `key` and is the beginning of it is the beginning of the greatest key before it as
 * well: so one look for each ancestor, and one more for each that is none.
 */
function ancestorsWithin(tree: Tree, branch: Branch, key: string): readonly number[] {
  return [...hostAncestors(tree, branch, key), ...pathAncestors(tree, branch, key)];
}

function pathAncestors(tree: Tree, branch: Branch, key: string): number[] {
  const hostLength = hostLengthOf(key);
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

function hostAncestors(tree: Tree, branch: Branch, key: string): number[] {
  const found: number[] = [];
  let length = hostSuffixLimit(key);
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

function hostLengthOf(key: string): number {
  let length = 0;
  while (key.charAt(length) > ANY_HOST) length++;
  return length;
}

/** The longest host suffix that may be before `key`: its own lies where the key lies. */
function hostSuffixLimit(key: string): number {
  const length = hostLengthOf(key);
  return key.charAt(length) === HOST_SUFFIX ? length - 1 : length;
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
