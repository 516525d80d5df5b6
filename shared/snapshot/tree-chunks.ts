import { type BranchChild, encodeBranch } from "./branch-chunk.ts";
import { sha256Hex } from "./digest.ts";
import type { TreeRef } from "./format.ts";
import type { PagedTree, Split, TreeNode } from "./paged-tree.ts";

/** FORMAT.md 5.1.2: a branch has about as many children, or half as many again; of a route index. */
const BRANCH_FACTOR = 128;
/** Encoded chunks are kept until they are stored, as long as they are no more than this together. */
const MOST_BYTES_KEPT = 8 * 1024 * 1024;

/** How large the parts of both trees may be: other sizes than the format's are for tests. */
export interface TreeSizes {
  /** FORMAT.md 5.3, the limit of a chunk of bodies. */
  readonly bodies: number;
  /** INDEX.md 5.2.8, the limit of a page. */
  readonly pages: number;
  /** FORMAT.md 5.1.2. */
  readonly branchFactor: number;
}

/** How the entries of a tree become chunks. Deterministic. */
export interface TreeCodec<E> {
  readonly tree: PagedTree<E>;
  /** The tree's own limit. */
  readonly limit: number;
  /** FORMAT.md 5.1.2. */
  readonly branchFactor?: number | undefined;
  readonly encodeLeaf: (entries: readonly E[]) => Uint8Array;
  /** FORMAT.md 5.1.5: the ancestors of the child that follows `before` and has the least key `key`. */
  readonly ancestors?: (before: ChildBefore<E>, key: string) => readonly number[];
  /** FORMAT.md 5.1.3. */
  readonly flags?: (branch: TreeNode<E>) => number;
}

export interface ChildBefore<E> {
  readonly node: TreeNode<E>;
  readonly key: string;
  readonly ancestors: readonly number[];
}

/** Chunks that the store may not have yet: by SHA-256, with their bytes made when asked for. */
export type FreshChunks = Map<string, () => Uint8Array>;

export interface WrittenTree {
  readonly root: TreeRef | null;
  /** To be called once the root is live: its chunks need not be written again. */
  readonly confirm: () => void;
}

/** The chunks of one tree through its life: what was named or stored once is not worked on again. */
export class TreeChunks<E> {
  readonly #codec: TreeCodec<E>;
  readonly #refs = new WeakMap<TreeNode<E>, TreeRef>();
  #known: ReadonlySet<string> | undefined;
  /** SHA-256 of every chunk that is live: those of `#root`, or as far as it goes `#known`. */
  readonly #live = new Set<string>();
  /** What is live, once it was confirmed here. */
  #root: TreeNode<E> | undefined;

  constructor(codec: TreeCodec<E>) {
    this.#codec = codec;
  }

  /**
   * Names every chunk of `root` and puts into `fresh` those that are not live. `known` are the chunks that
   * were live when that was found out. A set given again says nothing new: what was confirmed meanwhile
   * counts, and a chunk that it left behind may have been deleted since.
   */
  async write(
    root: TreeNode<E> | undefined,
    known: ReadonlySet<string>,
    fresh: FreshChunks,
  ): Promise<WrittenTree> {
    if (known !== this.#known) {
      this.#known = known;
      this.#root = undefined;
      this.#live.clear();
      for (const sha256 of known) this.#live.add(sha256);
    }
    const ref = root ? await this.#write(root, { fresh, bytes: 0 }) : null;
    return { root: ref, confirm: () => this.#confirm(root) };
  }

  async #write(node: TreeNode<E>, writing: Writing): Promise<TreeRef> {
    const named = this.#refs.get(node);
    const isLive = named !== undefined && this.#live.has(named.sha256);
    // Only what was confirmed is known to have all below it as well.
    if (isLive && this.#root) return named;
    const children = node.is === "leaf" ? [] : this.#children(node);
    const refs: TreeRef[] = [];
    for (const child of children) refs.push(await this.#write(child, writing));
    if (isLive) return named;
    const encode = () => this.#encode(node, children, refs);
    const bytes = encode();
    const ref = named ?? {
      sha256: await sha256Hex(bytes),
      length: bytes.length,
      isBranch: node.is === "split",
    };
    this.#refs.set(node, ref);
    if (!this.#live.has(ref.sha256)) {
      writing.bytes += bytes.length;
      writing.fresh.set(ref.sha256, writing.bytes > MOST_BYTES_KEPT ? encode : kept(bytes));
    }
    return ref;
  }

  /** `root` is live now, and what was live before only as far as `root` names it. */
  #confirm(root: TreeNode<E> | undefined): void {
    const before = this.#root;
    this.#root = root;
    if (!before) this.#live.clear();
    const met = new Set<string>();
    if (root) this.#takeUp(root, met);
    if (before) this.#leaveBehind(before, met);
  }

  #takeUp(node: TreeNode<E>, met: Set<string>): void {
    const { sha256 } = this.#refs.get(node) as TreeRef;
    met.add(sha256);
    // One that is live already is with all below it.
    if (this.#live.has(sha256)) return;
    this.#live.add(sha256);
    if (node.is === "split") for (const child of this.#children(node)) this.#takeUp(child, met);
  }

  #leaveBehind(node: TreeNode<E>, met: ReadonlySet<string>): void {
    const { sha256 } = this.#refs.get(node) as TreeRef;
    if (met.has(sha256)) return;
    this.#live.delete(sha256);
    if (node.is === "split")
      for (const child of this.#children(node)) this.#leaveBehind(child, met);
  }

  #encode(
    node: TreeNode<E>,
    children: readonly TreeNode<E>[],
    refs: readonly TreeRef[],
  ): Uint8Array {
    const { encodeLeaf, ancestors, flags, tree } = this.#codec;
    if (node.is === "leaf") return encodeLeaf(node.entries);
    const rows: BranchChild[] = [];
    let before: ChildBefore<E> | undefined;
    for (const [i, child] of children.entries()) {
      const key = tree.leastKey(child);
      const found = before && ancestors ? ancestors(before, key) : [];
      rows.push({ key: i === 0 ? "" : key, ref: refs[i] as TreeRef, ancestors: found });
      before = { node: child, key, ancestors: found };
    }
    return encodeBranch(rows, flags?.(node));
  }

  /** FORMAT.md 5.1.2: the largest parts below `node` that are of a lower level. */
  #children(node: Split<E>, level = this.#level(node), into: TreeNode<E>[] = []): TreeNode<E>[] {
    for (const child of [node.left, node.right]) {
      if (child.is === "leaf" || this.#level(child) < level) into.push(child);
      else this.#children(child, level, into);
    }
    return into;
  }

  #level({ weight }: Split<E>): number {
    const { branchFactor = BRANCH_FACTOR, limit } = this.#codec;
    let level = 1;
    for (let most = limit * branchFactor; weight > most; level++) most *= branchFactor;
    return level;
  }
}

/** A function of its own: one made beside `encode` would have that keep the bytes as well. */
function kept(bytes: Uint8Array): () => Uint8Array {
  return () => bytes;
}

interface Writing {
  readonly fresh: FreshChunks;
  bytes: number;
}
