import { type BranchChild, encodeBranch } from "./branch-chunk.ts";
import { sha256Hex } from "./digest.ts";
import type { TreeRef } from "./format.ts";
import type { PagedTree, Split, TreeNode } from "./paged-tree.ts";

/** FORMAT.md 5.1.2: a branch has about as many children, or half as many again. */
const BRANCH_FACTOR = 64;
/** Encoded chunks are kept until they are stored, as long as they are no more than this together. */
const MOST_BYTES_KEPT = 8 * 1024 * 1024;

/** How the entries of a tree become chunks. Deterministic. */
export interface TreeCodec<E> {
  readonly tree: PagedTree<E>;
  /** The tree's own limit. */
  readonly limit: number;
  /** FORMAT.md 5.1.2. */
  readonly branchFactor?: number | undefined;
  readonly encodeLeaf: (entries: readonly E[]) => Uint8Array;
  /** FORMAT.md 5.1.5: what of `branch` is before `key` and may be the beginning of keys after it. */
  readonly ancestors?: (branch: TreeNode<E>, key: string) => readonly number[];
  /** FORMAT.md 5.1.3. */
  readonly flags?: (branch: TreeNode<E>) => number;
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
  #stored = new WeakSet<TreeNode<E>>();
  #known: ReadonlySet<string> | undefined;

  constructor(codec: TreeCodec<E>) {
    this.#codec = codec;
  }

  /**
   * Names every chunk of `root` and puts into `fresh` those that the store may lack. `known` are the chunks
   * that it has; a set given again is not looked at again: what was confirmed meanwhile counts.
   */
  async write(
    root: TreeNode<E> | undefined,
    known: ReadonlySet<string>,
    fresh: FreshChunks,
  ): Promise<WrittenTree> {
    if (known !== this.#known) this.#stored = new WeakSet();
    this.#known = known;
    const stored = this.#stored;
    const writing: Writing<E> = { fresh, known, bytes: 0, nodes: [] };
    const ref = root ? await this.#write(root, writing) : null;
    const confirm = () => {
      for (const node of writing.nodes) stored.add(node);
    };
    return { root: ref, confirm };
  }

  async #write(node: TreeNode<E>, writing: Writing<E>): Promise<TreeRef> {
    const named = this.#refs.get(node);
    if (named && this.#stored.has(node)) return named;
    const children = node.is === "leaf" ? [] : this.#children(node);
    const refs: TreeRef[] = [];
    for (const child of children) refs.push(await this.#write(child, writing));
    const encode = () => this.#encode(node, children, refs);
    const bytes = encode();
    const ref = named ?? {
      sha256: await sha256Hex(bytes),
      length: bytes.length,
      isBranch: node.is === "split",
    };
    this.#refs.set(node, ref);
    if (writing.known.has(ref.sha256)) {
      this.#stored.add(node);
    } else {
      writing.nodes.push(node);
      writing.bytes += bytes.length;
      writing.fresh.set(ref.sha256, writing.bytes > MOST_BYTES_KEPT ? encode : kept(bytes));
    }
    return ref;
  }

  #encode(
    node: TreeNode<E>,
    children: readonly TreeNode<E>[],
    refs: readonly TreeRef[],
  ): Uint8Array {
    const { encodeLeaf, ancestors, flags, tree } = this.#codec;
    if (node.is === "leaf") return encodeLeaf(node.entries);
    const rows = children.map((child, i): BranchChild => {
      const key = i === 0 ? "" : tree.leastKey(child);
      const ref = refs[i] as TreeRef;
      return i > 0 && ancestors ? { key, ref, ancestors: ancestors(node, key) } : { key, ref };
    });
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

interface Writing<E> {
  readonly fresh: FreshChunks;
  readonly known: ReadonlySet<string>;
  bytes: number;
  readonly nodes: TreeNode<E>[];
}
