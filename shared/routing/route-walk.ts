import { BranchChunk } from "../snapshot/branch-chunk.ts";
import { tooDeep } from "../snapshot/errors.ts";
import { type ChunkRef, chunkName, MAX_BRANCH_DEPTH, type RouterName } from "../snapshot/format.ts";
import { ChunkNeeded, type HeldChunk, type HeldChunks } from "../snapshot/held-chunks.ts";
import { checkIndexChunk } from "./check-index-chunk.ts";
import { ANY_HOST, EXACT_HOST, HOST_SUFFIX, WHOLE_HOST } from "./route-entry.ts";
import { HostTrail, NONE, PathTrail, RoutePage } from "./route-page.ts";
import { BRANCH_ANY_HOST, HOST_ANCESTOR } from "./route-page-layout.ts";
import { SoughtRoute } from "./sought-route.ts";

const ANY_HOST_BYTE = ANY_HOST.charCodeAt(0);
const EXACT_HOST_BYTE = EXACT_HOST.charCodeAt(0);
const HOST_SUFFIX_BYTE = HOST_SUFFIX.charCodeAt(0);

/**
 * Goes through the pages of an index: all that a host and a path lead to, in the order of precedence
 * (INDEX.md 5.2.7), each looked for when it is asked for. Walking is synchronous, so two requests never
 * meet in what it keeps meanwhile, and it allocates nothing.
 */
export class RouteWalker {
  /** The list of entries that `next` came to: its page, where in it the list begins, */
  page: RoutePage | undefined;
  first = NONE;
  /** how many bytes of the path its prefix takes (NONE: its path is exact), */
  prefix = NONE;
  /** and the host scope it lies under: the length of a suffix, or WHOLE_HOST, or NONE. */
  scope = NONE;
  readonly key = new SoughtRoute();

  readonly #hostsDecide: boolean;
  readonly #router: RouterName;
  readonly #root: ChunkRef;
  readonly #chunks: HeldChunks;
  #rootChunk: HeldChunk | undefined;
  /** What `page` has of the path: the end of it, and how many of the prefixes are still to come. */
  readonly #paths = new PathTrail();
  #end = NONE;
  #prefixes = 0;
  /** How the scope's page was come to, as long as nobody looked at what that says of other pages. */
  #depth = NONE;
  readonly #branches: HeldChunk[] = [];
  readonly #children: number[] = [];
  readonly #hosts = new HostTrail();
  /** Of ancestors, for as long as they are gathered. */
  readonly #lengths: number[] = [];
  /** The places ahead, the next one last: how much of the reversed host, under which separator, */
  #ahead = 0;
  readonly #separators: number[] = [];
  readonly #hostLengths: number[] = [];
  /** and whether only the prefix entries under so many bytes of the key (FORMAT.md 5.1.5); NONE: no. */
  readonly #ancestors: number[] = [];

  constructor(router: RouterName, root: ChunkRef, chunks: HeldChunks) {
    this.#router = router;
    this.#hostsDecide = router === "radixtree_host_uri";
    this.#root = root;
    this.#chunks = chunks;
  }

  /** Throws `ChunkNeeded` and `corrupt`. */
  begin(host: string, path: string): void {
    const { key } = this;
    key.read(this.#hostsDecide ? host : "", path);
    this.#ahead = 0;
    const separator = this.#hostsDecide ? EXACT_HOST_BYTE : ANY_HOST_BYTE;
    key.setScope(key.host.length, separator);
    this.#takeScope(separator);
  }

  /** Comes to the next list; false where there is none. Throws `ChunkNeeded` and `corrupt`. */
  next(): boolean {
    for (;;) {
      if (this.#takeList()) return true;
      if (this.#depth !== NONE) this.#lookFurther();
      if (this.#ahead === 0) return false;
      this.#goOn();
    }
  }

  *missing(): IterableIterator<ChunkRef> {
    const root = this.#chunks.held(this.#root);
    if (root?.chunk) yield* this.#missingBelow(root);
    else yield this.#root;
  }

  /** The exact path first, then the longest prefix. */
  #takeList(): boolean {
    const page = this.page as RoutePage;
    if (this.#end !== NONE) {
      this.first = page.exactEntries(this.#end, this.#paths.labelEnd);
      this.#end = NONE;
      if (this.first !== NONE) {
        this.prefix = NONE;
        return true;
      }
    }
    if (this.#prefixes === 0) return false;
    const last = --this.#prefixes;
    const { nodes, labelEnds, lengths } = this.#paths;
    this.first = page.prefixEntries(nodes[last] as number, labelEnds[last] as number);
    this.prefix = lengths[last] as number;
    return true;
  }

  #lookAt(separator: number, hostLength: number, ancestor: number): void {
    const ahead = this.#ahead++;
    this.#separators[ahead] = separator;
    this.#hostLengths[ahead] = hostLength;
    this.#ancestors[ahead] = ancestor;
  }

  #goOn(): void {
    const last = --this.#ahead;
    const separator = this.#separators[last] as number;
    const hostLength = this.#hostLengths[last] as number;
    const ancestor = this.#ancestors[last] as number;
    const { key } = this;
    const whole = separator === ANY_HOST_BYTE ? 0 : key.host.length;
    key.setScope(hostLength === NONE ? whole : hostLength, separator);
    if (ancestor === NONE) this.#takeScope(separator);
    else this.#takeAncestor(separator, ancestor);
  }

  /** The page of the key. What the branches above it say of others is looked at when nothing here holds. */
  #takeScope(separator: number): void {
    const { key } = this;
    let held = this.#openRoot();
    let depth = 0;
    for (let { chunk } = held; chunk instanceof BranchChunk; { chunk } = held) {
      if (depth === MAX_BRANCH_DEPTH) throw tooDeep(chunkName(this.#root));
      const child = chunk.find(key);
      this.#branches[depth] = held;
      this.#children[depth++] = child;
      held = this.#link(held, chunk, child);
    }
    const page = held.chunk as RoutePage;
    this.page = page;
    this.#depth = depth;
    this.scope = this.#scopeNumber(separator);
    const node = this.#scopeIn(page, separator);
    const trail = this.#paths;
    page.walkPath(node, key, trail);
    this.#end = trail.end;
    this.#prefixes = trail.count;
  }

  /** Puts ahead the other scopes of the host, and first what the branches name as ancestors. */
  #lookFurther(): void {
    const depth = this.#depth;
    this.#depth = NONE;
    const last = this.key.separator;
    const lengths = this.#lengths;
    lengths.length = 0;
    if (last === EXACT_HOST_BYTE) {
      if (hasAnyHost(this.#openRoot())) this.#lookAt(ANY_HOST_BYTE, NONE, NONE);
      for (let i = 0; i < this.#hosts.count; i++) lengths.push(this.#hosts.lengths[i] as number);
      for (let level = 0; level < depth; level++) {
        this.#readAncestors(level, HOST_ANCESTOR, lengths);
      }
    }
    if (lengths.length > 1) lengths.sort((a, b) => a - b);
    for (const length of lengths) this.#lookAt(HOST_SUFFIX_BYTE, length, NONE);
    lengths.length = 0;
    // The longest is looked at first: it is put ahead last.
    for (let level = 0; level < depth; level++) this.#readAncestors(level, 0, lengths);
    for (const length of lengths) this.#lookAt(last, this.key.hostLength, length);
  }

  /**
   * FORMAT.md 5.1.5: of the child that was taken at `level`, the lengths of those ancestors that are our
   * key's as well: suffixes of the host where `kind` is HOST_ANCESTOR, where it is 0 prefixes of the path.
   */
  #readAncestors(level: number, kind: number, into: number[]): void {
    const branch = this.#branches[level]?.chunk as BranchChunk;
    const child = this.#children[level] as number;
    const count = branch.ancestorCount(child);
    if (count === 0) return;
    const { key } = this;
    const shared = branch.sharedLength(child, key);
    for (let i = 0; i < count; i++) {
      const ancestor = branch.ancestor(child, i);
      const length = ancestor & ~HOST_ANCESTOR;
      const isOfHost = length <= key.hostLength;
      const isWanted = (ancestor & HOST_ANCESTOR) === kind && isOfHost === (kind !== 0);
      if (isWanted && length <= shared) into.push(length);
    }
  }

  #takeAncestor(separator: number, length: number): void {
    const { key } = this;
    key.cutAt(length);
    let held = this.#openRoot();
    for (let depth = 0; held.chunk instanceof BranchChunk; depth++) {
      if (depth === MAX_BRANCH_DEPTH) throw tooDeep(chunkName(this.#root));
      held = this.#link(held, held.chunk, held.chunk.find(key));
    }
    const page = held.chunk as RoutePage;
    this.page = page;
    const node = this.#scopeIn(page, separator);
    const trail = this.#paths;
    page.walkPath(node, key, trail);
    const isThere = trail.end !== NONE && page.prefixEntries(trail.end, trail.labelEnd) !== NONE;
    if (!isThere) throw page.corrupt(`an ancestor of ${length} bytes is not there`);
    // The last of the trail; those before it lie before other children as well, or were tried.
    trail.nodes[0] = trail.end;
    trail.labelEnds[0] = trail.labelEnd;
    trail.lengths[0] = key.pathLength;
    this.#prefixes = 1;
    this.scope = this.#scopeNumber(separator);
  }

  /** The node of the key's scope in its page, or 0. */
  #scopeIn(page: RoutePage, separator: number): number {
    if (separator === ANY_HOST_BYTE) return page.anyHostAt;
    const { key } = this;
    const trail = this.#hosts;
    page.walkHost(key, trail);
    if (separator === EXACT_HOST_BYTE) return trail.exact === NONE ? 0 : trail.exact;
    const last = trail.count - 1;
    const isWhole = last >= 0 && trail.lengths[last] === key.hostLength;
    return isWhole ? (trail.nodes[last] as number) : 0;
  }

  #scopeNumber(separator: number): number {
    if (separator === ANY_HOST_BYTE) return NONE;
    return separator === EXACT_HOST_BYTE ? WHOLE_HOST : this.key.hostLength;
  }

  #openRoot(): HeldChunk {
    let root = this.#rootChunk;
    if (root?.chunk === undefined) {
      root = this.#open(this.#root);
      this.#rootChunk = root;
    }
    if (!root.used) root.used = true;
    return root;
  }

  #link(parent: HeldChunk, branch: BranchChunk, child: number): HeldChunk {
    let held = parent.links[child];
    if (held?.chunk === undefined) {
      held = this.#open(branch.ref(child));
      parent.links[child] = held;
    }
    if (!held.used) held.used = true;
    return held;
  }

  #open(ref: ChunkRef): HeldChunk {
    const held = this.#chunks.held(ref);
    if (held?.chunk === undefined) throw new ChunkNeeded(ref);
    checkIndexChunk(this.#router, held.chunk, ref);
    return held;
  }

  *#missingBelow(held: HeldChunk): IterableIterator<ChunkRef> {
    const branch = held.chunk;
    if (!(branch instanceof BranchChunk)) return;
    for (let i = 0; i < branch.count; i++) {
      let child = held.links[i];
      if (child?.chunk === undefined) {
        const ref = branch.ref(i);
        child = this.#chunks.held(ref);
        if (child?.chunk === undefined) {
          yield ref;
          continue;
        }
        held.links[i] = child;
      }
      yield* this.#missingBelow(child);
    }
  }
}

function hasAnyHost({ chunk }: HeldChunk): boolean {
  if (chunk instanceof RoutePage) return chunk.anyHostAt !== 0;
  return chunk instanceof BranchChunk && (chunk.flags & BRANCH_ANY_HOST) !== 0;
}
