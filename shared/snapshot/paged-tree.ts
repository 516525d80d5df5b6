/**
 * A sorted set of entries, cut into parts by their keys alone (FORMAT.md 5.1.1): the same entries give
 * the same parts, whatever the history, and a changed entry changes the parts around it only. It is the
 * binary tree that a treap would be with the keys' hashes as priorities, cut off where a part is small
 * enough.
 *
 * Persistent: `insert` and `remove` give a new root and leave the old one as it was, so a root is a
 * snapshot of one moment.
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

  insert(root: TreeNode<E> | undefined, entry: E): TreeNode<E> {
    return root ? this.#insert(root, entry, this.#order.keyOf(entry)) : this.#leaf([entry]);
  }

  /** Without the entry that compares as 0; `root` itself where there is none. */
  remove(root: TreeNode<E> | undefined, entry: E): TreeNode<E> | undefined {
    return root && this.#remove(root, entry, this.#order.keyOf(entry));
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

  #insert(node: TreeNode<E>, entry: E, key: string): TreeNode<E> {
    if (node.is === "leaf") return this.#grow(node, entry);
    if (this.#cutsBefore(node, key)) {
      const entries = allEntries(node);
      entries.push(entry);
      return this.build(entries) as TreeNode<E>;
    }
    return key < node.key
      ? this.#split(node, this.#insert(node.left, entry, key), node.right)
      : this.#split(node, node.left, this.#insert(node.right, entry, key));
  }

  /** Whether a key that joins makes another cut than the node's come first. The least key is never cut at. */
  #cutsBefore(node: Split<E>, key: string): boolean {
    const least = this.leastKey(node);
    if (key === least) return false;
    return isBefore(key > least ? key : least, node);
  }

  #grow(leaf: Leaf<E>, entry: E): TreeNode<E> {
    const { compare, limit, weigh } = this.#order;
    const entries = leaf.entries.slice();
    let at = entries.length;
    while (at > 0 && compare(entry, entries[at - 1] as E) < 0) at--;
    entries.splice(at, 0, entry);
    const weight = leaf.weight + weigh(entry);
    return weight <= limit
      ? { is: "leaf", entries, weight }
      : (this.#buildSorted(entries) as TreeNode<E>);
  }

  #remove(node: TreeNode<E>, entry: E, key: string): TreeNode<E> | undefined {
    const { compare, limit } = this.#order;
    if (node.is === "leaf") {
      const entries = node.entries.filter((other) => compare(entry, other) !== 0);
      if (entries.length === node.entries.length) return node;
      return entries.length === 0 ? undefined : this.#leaf(entries);
    }
    const isLeft = key < node.key;
    const changed = this.#remove(isLeft ? node.left : node.right, entry, key);
    if (changed === (isLeft ? node.left : node.right)) return node;
    if (!changed) return isLeft ? node.right : node.left;
    const parts = isLeft
      ? this.#split(node, changed, node.right)
      : this.#split(node, node.left, changed);
    // The key that cuts here is gone: every cut below is to be found anew.
    const isUncut = !isLeft && key === node.key && this.leastKey(changed) !== node.key;
    return isUncut || parts.weight <= limit ? this.#buildSorted(allEntries(parts)) : parts;
  }

  #split(node: Split<E>, left: TreeNode<E>, right: TreeNode<E>): Split<E> {
    const { key, rank } = node;
    return { is: "split", key, rank, left, right, weight: left.weight + right.weight };
  }

  #leaf(entries: readonly E[]): Leaf<E> {
    let weight = 0;
    for (const entry of entries) weight += this.#order.weigh(entry);
    return { is: "leaf", entries, weight };
  }

  #buildSorted(entries: readonly E[]): TreeNode<E> | undefined {
    if (entries.length === 0) return undefined;
    const ranks = new Uint32Array(entries.length);
    const weights = new Float64Array(entries.length + 1);
    for (const [i, entry] of entries.entries()) {
      ranks[i] = rankOf(this.#order.keyOf(entry));
      weights[i + 1] = (weights[i] as number) + this.#order.weigh(entry);
    }
    return this.#buildRange({ entries, ranks, weights }, 0, entries.length);
  }

  #buildRange(all: Ranked<E>, from: number, to: number): TreeNode<E> {
    const weight = (all.weights[to] as number) - (all.weights[from] as number);
    const cut = weight <= this.#order.limit ? undefined : this.#firstCut(all, from, to);
    if (cut === undefined) return { is: "leaf", entries: all.entries.slice(from, to), weight };
    return {
      is: "split",
      key: this.#order.keyOf(all.entries[cut] as E),
      rank: all.ranks[cut] as number,
      left: this.#buildRange(all, from, cut),
      right: this.#buildRange(all, cut, to),
      weight,
    };
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

interface Ranked<E> {
  readonly entries: readonly E[];
  readonly ranks: Uint32Array;
  /** `weights[i]`: of all entries before `i`. */
  readonly weights: Float64Array;
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
function isBefore(key: string, node: Split<unknown>): boolean {
  const rank = rankOf(key);
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
