import { BranchChunk } from "../snapshot/branch-chunk.ts";
import { tooDeep } from "../snapshot/errors.ts";
import { type ChunkRef, chunkName, MAX_BRANCH_DEPTH, type RouterName } from "../snapshot/format.ts";
import { ANY_HOST, EXACT_HOST, HOST_SUFFIX } from "./route-entry.ts";
import { ChunkNeeded, checkIndexChunk, type HeldChunk, type HeldChunks } from "./route-index.ts";
import { HostTrail, NONE, PathTrail, RoutePage } from "./route-page.ts";
import { BRANCH_ANY_HOST, HOST_ANCESTOR } from "./route-page-layout.ts";
import { SoughtRoute } from "./sought-route.ts";
import { WalkCache } from "./walk-cache.ts";

const ANY_HOST_BYTE = ANY_HOST.charCodeAt(0);
const EXACT_HOST_BYTE = EXACT_HOST.charCodeAt(0);
const HOST_SUFFIX_BYTE = HOST_SUFFIX.charCodeAt(0);

/**
 * All that a host and a path lead to, in the order of precedence (INDEX.md 5.2.7), as far as it was asked:
 * lists of entries, and the places of the index that are still to be looked at.
 */
export class Walk {
  host = "";
  uri = "";
  /** Of another host and the same path, where it is kept. */
  next: Walk | undefined = undefined;
  /** How many lists were found. Each has its page, where in it the list begins, */
  count = 0;
  readonly pages: HeldChunk[] = [];
  readonly firsts: number[] = [];
  /** how many bytes of the path their prefix takes (NONE: their path is exact), */
  readonly prefixes: number[] = [];
  /** and the host scope they lie under: the length of a suffix, or WHOLE_HOST, or NONE. */
  readonly scopes: number[] = [];
  /** The places ahead, the next one last: how much of the reversed host, under which separator, */
  ahead = 0;
  readonly separators: number[] = [];
  readonly hostLengths: number[] = [];
  /** and whether only the prefix entries under so many bytes of the key (FORMAT.md 5.1.5); NONE: no. */
  readonly ancestors: number[] = [];

  begin(host: string, uri: string): void {
    this.host = host;
    this.uri = uri;
    this.count = 0;
    this.ahead = 0;
  }

  add(page: HeldChunk, first: number, prefix: number, scope: number): void {
    const { count } = this;
    this.pages[count] = page;
    this.firsts[count] = first;
    this.prefixes[count] = prefix;
    this.scopes[count] = scope;
    this.count = count + 1;
  }

  lookAt(separator: number, hostLength: number, ancestor: number): void {
    const { ahead } = this;
    this.separators[ahead] = separator;
    this.hostLengths[ahead] = hostLength;
    this.ancestors[ahead] = ancestor;
    this.ahead = ahead + 1;
  }
}

/** A scope of a whole host, not of a suffix. */
export const WHOLE_HOST = 0x10000;

/** Goes through the pages of an index. */
export class RouteWalker {
  readonly #hostsDecide: boolean;
  readonly #router: RouterName;
  readonly #root: ChunkRef;
  readonly #chunks: HeldChunks;
  readonly #walks = new WalkCache();
  #rootChunk: HeldChunk | undefined;
  // What a walk in hand uses. Walking is synchronous, so two requests never meet in them.
  readonly #key = new SoughtRoute();
  readonly #passing = new Walk();
  #reading: Walk | undefined;
  readonly #hosts = new HostTrail();
  readonly #paths = new PathTrail();
  readonly #branches: HeldChunk[] = [];
  readonly #children: number[] = [];
  readonly #suffixes: number[] = [];

  constructor(router: RouterName, root: ChunkRef, chunks: HeldChunks) {
    this.#router = router;
    this.#hostsDecide = router === "radixtree_host_uri";
    this.#root = root;
    this.#chunks = chunks;
  }

  /** The walk of this host and path: kept, where they came lately. Good until the next call. */
  walkOf(host: string, uri: string): Walk {
    const kept = this.#walks.get(host, uri);
    if (kept) return kept;
    const key = this.#key;
    key.read(this.#hostsDecide ? host : "", uri);
    const again = this.#walks.admit(host, uri, key.hash);
    const walk = again ?? this.#passing;
    if (!again) walk.begin(host, uri);
    this.#reading = walk;
    walk.lookAt(this.#hostsDecide ? EXACT_HOST_BYTE : ANY_HOST_BYTE, NONE, NONE);
    return walk;
  }

  /** A walk led to a chunk that was given up since: others will as well. */
  forget(): void {
    this.#walks.clear();
  }

  /** Adds what the next place holds; false where there is none. Throws `ChunkNeeded` and `corrupt`. */
  goOn(walk: Walk): boolean {
    const last = walk.ahead - 1;
    if (last < 0) return false;
    const key = this.#key;
    if (this.#reading !== walk) {
      key.read(this.#hostsDecide ? walk.host : "", walk.uri);
      this.#reading = walk;
    }
    const separator = walk.separators[last] as number;
    const hostLength = walk.hostLengths[last] as number;
    const ancestor = walk.ancestors[last] as number;
    const isWhole = hostLength === NONE;
    key.setScope(
      isWhole ? (separator === ANY_HOST_BYTE ? 0 : key.hostLength) : hostLength,
      separator,
    );
    if (ancestor === NONE) this.#takeScope(walk, separator);
    else this.#takeAncestor(walk, separator, ancestor);
    return true;
  }

  *missing(): IterableIterator<ChunkRef> {
    const root = this.#chunks.held(this.#root);
    if (root?.chunk) yield* this.#missingBelow(root);
    else yield this.#root;
  }

  /** The page of the key; what the branches above name as ancestors is put ahead. */
  #takeScope(walk: Walk, separator: number): void {
    const root = this.#openRoot();
    let held = root;
    let depth = 0;
    while (held.chunk instanceof BranchChunk) {
      if (depth === MAX_BRANCH_DEPTH) throw tooDeep(chunkName(this.#root));
      const child = held.chunk.find(this.#key);
      this.#branches[depth] = held;
      this.#children[depth++] = child;
      held = this.#link(held, held.chunk, child);
    }
    const page = held.chunk as RoutePage;
    const scope = this.#scopeIn(page, separator);
    if (scope !== 0) this.#takePaths(walk, held, page, scope, separator);
    // Only now: a chunk that is not there stops the walk before it, and the place is looked at again.
    walk.ahead -= 1;
    const suffixes = this.#suffixes;
    suffixes.length = 0;
    if (separator === EXACT_HOST_BYTE) {
      if (hasAnyHost(root)) walk.lookAt(ANY_HOST_BYTE, NONE, NONE);
      for (let i = 0; i < this.#hosts.count; i++) suffixes.push(this.#hosts.lengths[i] as number);
    }
    for (let level = depth - 1; level >= 0; level--) {
      const branch = this.#branches[level]?.chunk as BranchChunk;
      this.#readSuffixes(branch, this.#children[level] as number, suffixes);
    }
    if (suffixes.length > 1) suffixes.sort((a, b) => a - b);
    for (const length of suffixes) walk.lookAt(HOST_SUFFIX_BYTE, length, NONE);
    for (let level = 0; level < depth; level++) {
      const branch = this.#branches[level]?.chunk as BranchChunk;
      this.#readAncestors(branch, this.#children[level] as number, separator, walk);
    }
  }

  #takePaths(walk: Walk, held: HeldChunk, page: RoutePage, scope: number, separator: number): void {
    const { bytes, path, end } = this.#key;
    const trail = this.#paths;
    page.walkPath(scope, bytes, path, end, trail);
    const host = this.#scopeNumber(separator);
    if (trail.end !== NONE) {
      const first = page.exactEntries(trail.end);
      if (first !== NONE) walk.add(held, first, NONE, host);
    }
    for (let i = trail.count - 1; i >= 0; i--) {
      walk.add(
        held,
        page.prefixEntries(trail.nodes[i] as number),
        trail.lengths[i] as number,
        host,
      );
    }
  }

  /** FORMAT.md 5.1.5: which suffixes of our host have paths that lie before the child's keys. */
  #readSuffixes(branch: BranchChunk, child: number, suffixes: number[]): void {
    const count = branch.ancestorCount(child);
    const key = this.#key;
    if (count === 0 || key.bytes[key.path - 1] !== EXACT_HOST_BYTE) return;
    const shared = branch.sharedLength(child, key);
    for (let i = 0; i < count; i++) {
      const ancestor = branch.ancestor(child, i);
      const length = ancestor & ~HOST_ANCESTOR;
      const isOurs = length <= shared && key.start + length < key.path;
      if ((ancestor & HOST_ANCESTOR) !== 0 && isOurs) suffixes.push(length);
    }
  }

  /** FORMAT.md 5.1.5: which prefixes of our path lie before the child's keys, the longest looked at first. */
  #readAncestors(branch: BranchChunk, child: number, separator: number, walk: Walk): void {
    const count = branch.ancestorCount(child);
    if (count === 0) return;
    const key = this.#key;
    const shared = branch.sharedLength(child, key);
    for (let i = 0; i < count; i++) {
      const length = branch.ancestor(child, i);
      const isOurs = length <= shared && key.start + length >= key.path;
      if ((length & HOST_ANCESTOR) === 0 && isOurs) {
        walk.lookAt(separator, key.path - 1 - key.start, length);
      }
    }
  }

  #takeAncestor(walk: Walk, separator: number, length: number): void {
    const { bytes, path, start } = this.#key;
    const key = { bytes, start, end: start + length };
    let held = this.#openRoot();
    for (let depth = 0; held.chunk instanceof BranchChunk; depth++) {
      if (depth === MAX_BRANCH_DEPTH) throw tooDeep(chunkName(this.#root));
      held = this.#link(held, held.chunk, held.chunk.find(key));
    }
    const page = held.chunk as RoutePage;
    const scope = this.#scopeIn(page, separator);
    const trail = this.#paths;
    if (scope !== 0) page.walkPath(scope, bytes, path, key.end, trail);
    const first = scope === 0 || trail.end === NONE ? NONE : page.prefixEntries(trail.end);
    if (first === NONE) throw page.corrupt(`an ancestor of ${length} bytes is not there`);
    walk.add(held, first, key.end - path, this.#scopeNumber(separator));
    walk.ahead -= 1;
  }

  /** The node of the key's scope in its page, or 0. */
  #scopeIn(page: RoutePage, separator: number): number {
    if (separator === ANY_HOST_BYTE) return page.anyHostAt;
    const { bytes, start, path } = this.#key;
    const trail = this.#hosts;
    page.walkHost(bytes, start, path - 1, trail);
    if (separator === EXACT_HOST_BYTE) return trail.exact === NONE ? 0 : trail.exact;
    const last = trail.count - 1;
    const isWhole = last >= 0 && trail.lengths[last] === path - 1 - start;
    return isWhole ? (trail.nodes[last] as number) : 0;
  }

  #scopeNumber(separator: number): number {
    if (separator === ANY_HOST_BYTE) return NONE;
    if (separator === EXACT_HOST_BYTE) return WHOLE_HOST;
    return this.#key.path - 1 - this.#key.start;
  }

  #openRoot(): HeldChunk {
    let root = this.#rootChunk;
    if (root?.chunk === undefined) {
      root = this.#open(this.#root);
      this.#rootChunk = root;
    }
    root.used = true;
    return root;
  }

  #link(parent: HeldChunk, branch: BranchChunk, child: number): HeldChunk {
    let held = parent.links[child];
    if (held?.chunk === undefined) {
      held = this.#open(branch.ref(child));
      parent.links[child] = held;
    }
    held.used = true;
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
