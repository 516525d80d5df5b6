import { type Body, encodeBodyChunk } from "./body-chunk.ts";
import { leadByBytes, type SoughtKey, sharedByBytes } from "./branch-chunk.ts";
import { PagedTree, type TreeNode } from "./paged-tree.ts";
import type { TreeCodec } from "./tree-chunks.ts";

/** FORMAT.md 5.1.1: about the bytes of a body chunk, at most. */
const CHUNK_LIMIT = 48 * 1024;
/** FORMAT.md 5.1.2: one branch more above a changed body would cost an object with each publish. */
const BRANCH_FACTOR = 256;
const ROW_BYTES = 16;

/** The bodies of all resources; `root` is all of them at this moment. */
export class BodyTree {
  /** How they become chunks. */
  readonly codec: TreeCodec<Body>;
  readonly #tree: PagedTree<Body>;
  #root: TreeNode<Body> | undefined;
  #removed: Body[] = [];
  #added: Body[] = [];

  /** Another `limit` or `branchFactor` than the format's is for tests. */
  constructor(limit = CHUNK_LIMIT, branchFactor = BRANCH_FACTOR) {
    this.#tree = new PagedTree<Body>({
      keyOf: ({ key }) => key,
      compare: (a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)),
      weigh: ({ key, length }) => ROW_BYTES + key.length + length,
      limit,
    });
    this.codec = { tree: this.#tree, limit, branchFactor, encodeLeaf: encodeBodyChunk };
  }

  get root(): TreeNode<Body> | undefined {
    return this.#root;
  }

  /** Takes over what these keys hold now; undefined: nothing. */
  apply(changes: Iterable<BodyChange>): void {
    this.note(changes);
    this.settle();
  }

  /** The same in parts, no key in two of them: `root` has none of it until `settle`. */
  note(changes: Iterable<BodyChange>): void {
    for (const [key, body] of changes) {
      const held = this.#tree.find(this.#root, key);
      if (held && body && areSame(held, body)) continue;
      if (held) this.#removed.push(held);
      if (body) this.#added.push(body);
    }
  }

  settle(): void {
    this.#root = this.#tree.change(this.#root, this.#removed, this.#added);
    this.#removed = [];
    this.#added = [];
  }
}

export type BodyChange = readonly [key: string, body: Body | undefined];

function areSame(a: Body, b: Body): boolean {
  return a === b || (a.length === b.length && a.json === b.json);
}

/** A resource's key, which is ASCII, to be looked for among branches. */
export function soughtKey(key: string): SoughtKey {
  const bytes = {
    byteAt: (position: number) => (position < key.length ? key.charCodeAt(position) : -1),
  };
  return {
    ...bytes,
    leadAt: (position) => leadByBytes(bytes, position),
    sharedBytes: (...where) => sharedByBytes(bytes, ...where),
  };
}
