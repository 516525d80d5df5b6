import { sha256Hex } from "./digest.ts";
import { type BranchChild, type EncodedBranch, encodeBranch } from "./encode-branch.ts";
import type { TreeRef } from "./format.ts";
import type { PagedTree, Split, TreeNode } from "./paged-tree.ts";

/** FORMAT.md 5.1.2: a branch has about as many children, or half as many again; of a route index. */
const BRANCH_FACTOR = 64;
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
  readonly #parts = new WeakMap<Split<E>, readonly TreeNode<E>[]>();
  readonly #branches = new WeakMap<Split<E>, EncodedBranch>();
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
    const ref = root ? await this.#write(root, this.#root, { fresh, bytes: 0 }) : null;
    return { root: ref, confirm: () => this.#confirm(root) };
  }

  /** `before`, if any, is live with all below it, and best what `node` takes the place of. */
  async #write(
    node: TreeNode<E>,
    before: TreeNode<E> | undefined,
    writing: Writing,
  ): Promise<TreeRef> {
    const named = this.#refs.get(node);
    const isLive = named !== undefined && this.#live.has(named.sha256);
    // Only what was confirmed is known to have all below it as well.
    if (isLive && this.#root) return named;
    await this.#writeParts(node, before, writing);
    if (isLive) return named;
    const encode = () => this.#encode(node, before);
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

  /** Of the hundreds of parts nearly all are live: to ask for the name of each would be most of the work. */
  async #writeParts(
    node: TreeNode<E>,
    before: TreeNode<E> | undefined,
    writing: Writing,
  ): Promise<void> {
    const [left, taken] = differing(this.#partsOf(before), this.#partsOf(node));
    // Where a part was cut or two were joined, which of them is like which is not worth knowing.
    const isPaired = left.length === taken.length;
    for (const [i, part] of taken.entries()) {
      await this.#write(part, isPaired ? left[i] : undefined, writing);
    }
  }

  /** `root` is live now, and what was live before only as far as `root` names it. */
  #confirm(root: TreeNode<E> | undefined): void {
    if (!this.#root) this.#live.clear();
    this.#replace(this.#root ? [this.#root] : [], root ? [root] : []);
    this.#root = root;
  }

  /** Of one depth: `now` are live with all below them, and `before` are so no more. */
  #replace(before: readonly TreeNode<E>[], now: readonly TreeNode<E>[]): void {
    if (before.length === 0 && now.length === 0) return;
    const [left, taken] = differing(before, now);
    for (const node of left) this.#live.delete(this.#nameOf(node));
    this.#replace(
      left.flatMap((node) => this.#partsOf(node)),
      taken.flatMap((node) => this.#partsOf(node)),
    );
    // Last of all: a part that came to another depth was taken out there.
    for (const node of taken) this.#live.add(this.#nameOf(node));
  }

  #nameOf(node: TreeNode<E>): string {
    return (this.#refs.get(node) as TreeRef).sha256;
  }

  #encode(node: TreeNode<E>, before: TreeNode<E> | undefined): Uint8Array {
    if (node.is === "leaf") return this.#codec.encodeLeaf(node.entries);
    const known = this.#branches.get(node);
    if (known) return known.bytes;
    const like = before?.is === "split" ? this.#branches.get(before) : undefined;
    const children = this.#rowsOf(node, before, like?.children ?? []);
    const branch = { children, bytes: encodeBranch(children, this.#codec.flags?.(node), like) };
    this.#branches.set(node, branch);
    return branch.bytes;
  }

  /** A row that says what one of `rowsBefore` says is the same object. */
  #rowsOf(
    node: Split<E>,
    before: TreeNode<E> | undefined,
    rowsBefore: readonly BranchChild[],
  ): readonly BranchChild[] {
    const parts = this.#partsOf(node);
    const partsBefore = this.#partsOf(before);
    const shift = partsBefore.length - parts.length;
    const rows: BranchChild[] = [];
    for (const [i, part] of parts.entries()) {
      const at = partsBefore[i] === part ? i : i + shift;
      const held = partsBefore[at] === part ? rowsBefore[at] : undefined;
      // What a row says follows from its part and from the row before it.
      if (held && rows[i - 1] === rowsBefore[at - 1]) rows.push(held);
      else rows.push(this.#row(part, held, parts[i - 1], rows[i - 1]));
    }
    return rows;
  }

  #row(
    part: TreeNode<E>,
    held: BranchChild | undefined,
    partBefore: TreeNode<E> | undefined,
    rowBefore: BranchChild | undefined,
  ): BranchChild {
    const key = held?.key ?? this.#codec.tree.leastKey(part);
    const { ancestors: find = () => NONE } = this.#codec;
    const isFirst = !partBefore || !rowBefore;
    const ancestors = isFirst ? NONE : find({ ...rowBefore, node: partBefore }, key);
    if (held && areSame(held.ancestors, ancestors)) return held;
    return { key, ref: this.#refs.get(part) as TreeRef, ancestors };
  }

  /** Those right below `node` that are chunks. */
  #partsOf(node: TreeNode<E> | undefined): readonly TreeNode<E>[] {
    if (node?.is !== "split") return [];
    const known = this.#parts.get(node);
    if (known) return known;
    const parts = this.#collectParts(node, this.#level(node), []);
    this.#parts.set(node, parts);
    return parts;
  }

  /** FORMAT.md 5.1.2: the largest parts below `node` that are of a lower level. */
  #collectParts(node: Split<E>, level: number, into: TreeNode<E>[]): TreeNode<E>[] {
    for (const child of [node.left, node.right]) {
      if (child.is === "leaf" || this.#level(child) < level) into.push(child);
      else this.#collectParts(child, level, into);
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

const NONE: readonly number[] = [];

function areSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((ancestor, i) => ancestor === b[i]);
}

/** What only `before` has, and what only `now` has: objects in one order. */
function differing<T>(before: readonly T[], now: readonly T[]): readonly [T[], T[]] {
  const most = Math.min(before.length, now.length);
  let start = 0;
  while (start < most && before[start] === now[start]) start++;
  let end = 0;
  while (end < most - start && before.at(-1 - end) === now.at(-1 - end)) end++;
  const left = before.slice(start, before.length - end);
  const taken = now.slice(start, now.length - end);
  const [old, fresh] = [new Set(left), new Set(taken)];
  return [left.filter((node) => !fresh.has(node)), taken.filter((node) => !old.has(node))];
}

/** A function of its own: one made beside `encode` would have that keep the bytes as well. */
function kept(bytes: Uint8Array): () => Uint8Array {
  return () => bytes;
}

interface Writing {
  readonly fresh: FreshChunks;
  bytes: number;
}
