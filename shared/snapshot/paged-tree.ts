/**
 * A sorted set of entries, cut into parts by their keys alone (FORMAT.md 5.1.1): the same entries give
 * the same parts, whatever the history, and a changed entry changes the parts around it only. It is the
 * binary tree that a treap would be with the keys' hashes as priorities, cut off where a part is small
 * enough.
 *
 * Persistent: `change` gives a new root and leaves the old one as it was, so a root is a snapshot of one
 * moment. Parts that hold the same as before are the same objects.
 */
export interface TreeOrder<E> {
  /** Bytes, one character each. Entries of one key are never parted. */
  readonly keyOf: (entry: E) => string;
  /** By key first; 0 for one entry and itself only. */
  readonly compare: (a: E, b: E) => number;
  /** About its bytes. */
  readonly weigh: (entry: E) => number;
  /** A part of at most this weight is not cut. */
  readonly limit: number;
}

export interface Leaf<E> {
  readonly is: "leaf";
  /** In order; never empty. */
  readonly entries: readonly E[];
  readonly weight: number;
}

export interface Split<E> {
  readonly is: "split";
  /** The least key of `right`. */
  readonly key: string;
  readonly rank: number;
  readonly left: TreeNode<E>;
  readonly right: TreeNode<E>;
  readonly weight: number;
}

export type TreeNode<E> = Leaf<E> | Split<E>;

export class PagedTree<E> {
  readonly #order: TreeOrder<E>;

  constructor(order: TreeOrder<E>) {
    this.#order = order;
  }

  /** The tree of these entries, in any order, none twice; undefined for none. */
  build(entries: readonly E[]): TreeNode<E> | undefined {
    return this.#buildSorted([...entries].sort(this.#order.compare));
  }

  /**
   * The tree without the entries that compare as 0 with one of `removed`, and with `added`: both in any
   * order, none twice, and none of `added` compares as 0 with an entry that stays. Undefined: nothing is left.
   */
  change(
    root: TreeNode<E> | undefined,
    removed: readonly E[],
    added: readonly E[],
  ): TreeNode<E> | undefined {
    if (!root) return this.build(added);
    return this.#change(root, this.#batch(removed), this.#batch(added));
  }

  /** The greatest key that is at most `key` (with `isBelow`: less than it); undefined where all are more. */
  floor(root: TreeNode<E>, key: string, isBelow = false): string | undefined {
    if (root.is === "split") {
      const right = isBelow ? root.key < key : root.key <= key;
      return this.floor(right ? root.right : root.left, key, isBelow);
    }
    const { keyOf } = this.#order;
    let low = 0;
    let high = root.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = keyOf(root.entries[middle] as E);
      if (isBelow ? other < key : other <= key) low = middle + 1;
      else high = middle;
    }
    const found = root.entries[low - 1];
    return found === undefined ? undefined : keyOf(found);
  }

  /** The first entry under `key`. */
  find(root: TreeNode<E> | undefined, key: string): E | undefined {
    let node = root;
    while (node?.is === "split") node = key < node.key ? node.left : node.right;
    return node?.entries.find((entry) => this.#order.keyOf(entry) === key);
  }

  leastKey(root: TreeNode<E>): string {
    let node = root;
    while (node.is === "split") node = node.left;
    return this.#order.keyOf(node.entries[0] as E);
  }

  #change(node: TreeNode<E>, removed: Batch<E>, added: Batch<E>): TreeNode<E> | undefined {
    if (isEmpty(removed) && isEmpty(added)) return node;
    if (node.is === "leaf") return this.#changeLeaf(node, removed, added);
    if (this.#cutsBefore(node, added)) {
      return this.#buildSorted(this.#merge(allEntries(node), removed, added).merged, node);
    }
    const [removedLeft, removedRight] = partAt(removed, node.key);
    const [addedLeft, addedRight] = partAt(added, node.key);
    const left = this.#change(node.left, removedLeft, addedLeft);
    const right = this.#change(node.right, removedRight, addedRight);
    if (!left || !right) return left ?? right;
    const parts: Split<E> = { ...node, left, right, weight: left.weight + right.weight };
    // Where the key that cuts here is gone, every cut below is to be found anew.
    const isCut = this.leastKey(right) === node.key;
    return isCut && parts.weight > this.#order.limit
      ? parts
      : this.#buildSorted(allEntries(parts), parts);
  }

  /**
   * Whether a key that joins makes another cut than the node's come first. The least key is never cut at; one
   * that was the least and goes is taken for one that stays, which costs no more than a needless look.
   */
  #cutsBefore(node: Split<E>, { keys, ranks, from, to }: Batch<E>): boolean {
    if (from === to) return false;
    const least = this.leastKey(node);
    const first = keys[from] as string;
    if (first < least && isBefore(least, rankOf(least), node)) return true;
    for (let i = from; i < to; i++) {
      const key = keys[i] as string;
      const isLeast = key === first && first <= least;
      if (!isLeast && isBefore(key, ranks[i] as number, node)) return true;
    }
    return false;
  }

  /** What stays is not weighed again. */
  #changeLeaf(leaf: Leaf<E>, removed: Batch<E>, added: Batch<E>): TreeNode<E> | undefined {
    const { merged, gone } = this.#merge(leaf.entries, removed, added);
    if (merged.length === 0) return undefined;
    const come = added.entries.slice(added.from, added.to);
    const weight = leaf.weight - this.#weightOf(gone) + this.#weightOf(come);
    if (weight > this.#order.limit) return this.#buildSorted(merged);
    return { is: "leaf", entries: merged, weight };
  }

  #weightOf(entries: readonly E[]): number {
    return entries.reduce((sum, entry) => sum + this.#order.weigh(entry), 0);
  }

  /** All in order, and those of `entries` that are gone. What lies between changes is not looked at. */
  #merge(entries: readonly E[], removed: Batch<E>, added: Batch<E>): Merged<E> {
    const merged: E[] = [];
    const gone: E[] = [];
    let at = 0;
    const copyUpTo = (end: number) => {
      while (at < end) merged.push(entries[at++] as E);
    };
    let next = added.from;
    const mergeUpTo = (end: number) => {
      for (; next < added.to; next++) {
        const entry = added.entries[next] as E;
        const place = this.#placeOf(entry, entries, at);
        if (place > end) break;
        copyUpTo(place);
        merged.push(entry);
      }
      copyUpTo(end);
    };
    for (let i = removed.from; i < removed.to; i++) {
      const entry = removed.entries[i] as E;
      const place = this.#placeOf(entry, entries, at);
      mergeUpTo(place);
      const isThere = place < entries.length && this.#isSame(entries[place] as E, entry);
      if (isThere) gone.push(entries[at++] as E);
    }
    mergeUpTo(entries.length);
    return { merged, gone };
  }

  /** Of the first of `entries` from `from` on that does not come before `entry`. */
  #placeOf(entry: E, entries: readonly E[], from: number): number {
    let low = from;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#order.compare(entries[middle] as E, entry) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isSame(a: E, b: E): boolean {
    return this.#order.compare(a, b) === 0;
  }

  #batch(entries: readonly E[]): Batch<E> {
    const { compare, keyOf } = this.#order;
    const sorted = [...entries].sort(compare);
    const keys = sorted.map(keyOf);
    return { entries: sorted, keys, ranks: keys.map(rankOf), from: 0, to: sorted.length };
  }

  /** What `before` has of the same parts is taken over. */
  #buildSorted(entries: readonly E[], before?: TreeNode<E>): TreeNode<E> | undefined {
    if (entries.length === 0) return undefined;
    const { keyOf, limit, weigh } = this.#order;
    const weights = new Float64Array(entries.length + 1);
    for (const [i, entry] of entries.entries()) {
      weights[i + 1] = (weights[i] as number) + weigh(entry);
    }
    const isCut = (weights[entries.length] as number) > limit;
    const ranks = isCut ? Uint32Array.from(entries, (entry) => rankOf(keyOf(entry))) : NO_RANKS;
    const parts = partsOf(before);
    return this.#buildRange({ entries, ranks, weights, parts }, 0, entries.length);
  }

  #buildRange(all: Ranked<E>, from: number, to: number): TreeNode<E> {
    const weight = (all.weights[to] as number) - (all.weights[from] as number);
    const cut = weight <= this.#order.limit ? undefined : this.#firstCut(all, from, to);
    if (cut === undefined) {
      const held = all.parts.leaves.get(all.entries[from] as E);
      const isSame = held?.entries.length === to - from && held.entries.every(isAt(all, from));
      return isSame ? held : { is: "leaf", entries: all.entries.slice(from, to), weight };
    }
    const key = this.#order.keyOf(all.entries[cut] as E);
    const left = this.#buildRange(all, from, cut);
    const right = this.#buildRange(all, cut, to);
    const held = all.parts.splits.get(key);
    if (held?.left === left && held.right === right) return held;
    return { is: "split", key, rank: all.ranks[cut] as number, left, right, weight };
  }

  /** Where the key of least rank begins, the range's least key left aside. */
  #firstCut({ entries, ranks }: Ranked<E>, from: number, to: number): number | undefined {
    const { keyOf } = this.#order;
    const least = keyOf(entries[from] as E);
    let best: number | undefined;
    for (let i = from + 1; i < to; i++) {
      // Keys ascend: of two with one rank the lesser is met first, at its first entry.
      if (best !== undefined && (ranks[i] as number) >= (ranks[best] as number)) continue;
      if (keyOf(entries[i] as E) !== least) best = i;
    }
    return best;
  }
}

const NO_RANKS = new Uint32Array(0);

interface Ranked<E> {
  readonly entries: readonly E[];
  /** None where nothing is cut. */
  readonly ranks: Uint32Array;
  /** `weights[i]`: of all entries before `i`. */
  readonly weights: Float64Array;
  readonly parts: Parts<E>;
}

/** Sorted entries that come or go, with their keys and ranks; those from `from` up to `to`. */
interface Batch<E> {
  readonly entries: readonly E[];
  readonly keys: readonly string[];
  readonly ranks: readonly number[];
  readonly from: number;
  readonly to: number;
}

interface Merged<E> {
  readonly merged: readonly E[];
  readonly gone: readonly E[];
}

function isEmpty({ from, to }: Batch<unknown>): boolean {
  return from === to;
}

/** What is before `key`, and the rest. */
function partAt<E>(batch: Batch<E>, key: string): readonly [Batch<E>, Batch<E>] {
  let low = batch.from;
  let high = batch.to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((batch.keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return [
    { ...batch, to: low },
    { ...batch, from: low },
  ];
}

/** The nodes of a tree, leaves by their first entry. */
interface Parts<E> {
  readonly leaves: Map<E, Leaf<E>>;
  readonly splits: Map<string, Split<E>>;
}

function partsOf<E>(
  node: TreeNode<E> | undefined,
  into: Parts<E> = { leaves: new Map(), splits: new Map() },
): Parts<E> {
  if (node?.is === "leaf") into.leaves.set(node.entries[0] as E, node);
  if (node?.is !== "split") return into;
  into.splits.set(node.key, node);
  partsOf(node.left, into);
  return partsOf(node.right, into);
}

function isAt<E>({ entries }: Ranked<E>, from: number): (entry: E, i: number) => boolean {
  return (entry, i) => entries[from + i] === entry;
}

/** All entries below `node`, in order. */
export function allEntries<E>(node: TreeNode<E>, into: E[] = []): E[] {
  if (node.is === "split") {
    allEntries(node.left, into);
    return allEntries(node.right, into);
  }
  for (const entry of node.entries) into.push(entry);
  return into;
}

/** FORMAT.md 5.1.1: which key cuts first. */
function isBefore(key: string, rank: number, node: Split<unknown>): boolean {
  return rank < node.rank || (rank === node.rank && key < node.key);
}

/** FORMAT.md 5.1.1: 32-bit FNV-1a, and a finish that spreads its low bits. */
function rankOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
