import { BranchChunk } from "../snapshot/branch-chunk.ts";
import { SnapshotError } from "../snapshot/errors.ts";
import { type ChunkRef, chunkName, type RouterName } from "../snapshot/format.ts";
import type { Chunk } from "../snapshot/open-chunk.ts";
import type { Facts } from "./facts.ts";
import { methodBit } from "./methods.ts";
import { acceptsRest } from "./path-pattern.ts";
import { FoundRoute, type RouteMatch } from "./route-match.ts";
import { EntryRow, NONE, RoutePage } from "./route-page.ts";
import { RouteWalker, type Walk } from "./route-walk.ts";
import { encodeUri, MAX_BYTES_PER_UNIT } from "./uri-bytes.ts";

/** A chunk in memory, as its keeper hands it out. */
export interface HeldChunk {
  /** Undefined once its keeper has given it up. */
  readonly chunk: Chunk | undefined;
  /** Set at every use: the keeper gives up what was not used. */
  used: boolean;
  /** The children of a branch, as far as they were met. */
  readonly links: (HeldChunk | undefined)[];
}

/** The chunks that are in memory. */
export interface HeldChunks {
  held(ref: ChunkRef): HeldChunk | undefined;
}

/** A chunk that a match came to is not in memory: whoever asked reads it and asks again. */
export class ChunkNeeded extends Error {
  override readonly name = "ChunkNeeded";
  readonly ref: ChunkRef;

  constructor(ref: ChunkRef) {
    super(`${chunkName(ref)} is not in memory`);
    this.ref = ref;
  }
}

/**
 * The route index of a generation (INDEX.md): a tree of pages, each read in place. `match` neither
 * parses nor builds anything, and looks only at the pages that the request's host and path lead to.
 *
 * A match has two halves. Which entries host and path lead to is a walk, kept for a while since requests
 * come again; which of these entries holds for this request is tried every time.
 */
export class RouteIndex {
  readonly router: RouterName;
  readonly #walker: RouteWalker | undefined;
  readonly #row = new EntryRow();
  /** The request's path as bytes, for patterns; read when the first one asks. */
  #path = new Uint8Array(256);
  #pathEnd = NONE;

  /** `root` is null for an index without routes. */
  constructor(router: RouterName, root: ChunkRef | null, chunks: HeldChunks) {
    this.router = router;
    this.#walker = root ? new RouteWalker(router, root, chunks) : undefined;
  }

  /** Throws `ChunkNeeded`, `corrupt`, and what evaluating `vars` throws. */
  match(facts: Facts): RouteMatch | undefined {
    const walker = this.#walker;
    if (!walker) return undefined;
    const walk = walker.walkOf(facts.host, facts.uri);
    const method = methodBit(facts.method);
    this.#pathEnd = NONE;
    for (let i = 0; ; i++) {
      while (i === walk.count) if (!walker.goOn(walk)) return undefined;
      const held = walk.pages[i] as HeldChunk;
      const page = held.chunk;
      if (!(page instanceof RoutePage)) {
        // Its keeper gave it up since: what was found is found again.
        walker.forget();
        return this.match(facts);
      }
      held.used = true;
      const match = this.#tryEntries(page, walk, i, method, facts);
      if (match) return match;
    }
  }

  /** Refs of the chunks below those in memory that are not in memory themselves; for reading ahead. */
  missing(): Iterable<ChunkRef> {
    return this.#walker?.missing() ?? [];
  }

  /** The entries of one list, in their order. */
  #tryEntries(
    page: RoutePage,
    walk: Walk,
    which: number,
    method: number,
    facts: Facts,
  ): RouteMatch | undefined {
    const prefix = walk.prefixes[which] as number;
    const row = this.#row;
    for (let at = walk.firsts[which] as number; ; at = row.end) {
      page.readEntry(at, prefix !== NONE, row);
      const takesMethod = row.methods === 0 || (row.methods & method) !== 0;
      if (takesMethod && this.#holds(page, row, prefix, facts)) {
        return new FoundRoute(page, at, prefix, facts, walk.scopes[which] as number);
      }
      if (page.isLast(row)) return undefined;
    }
  }

  #holds(page: RoutePage, row: EntryRow, prefix: number, facts: Facts): boolean {
    if (row.conditions !== NONE && !page.conditionsAt(row.conditions).hold(facts)) return false;
    if (prefix === NONE) return true;
    switch (page.captureOf(row)) {
      case "none":
      case "tail":
        return true;
      case "rest": {
        if (this.#pathEnd === NONE) this.#readPath(facts.uri);
        const end = row.restAt + row.restLength;
        return acceptsRest(page.bytes, row.restAt, end, this.#path, prefix, this.#pathEnd);
      }
      case "whole":
        return FoundRoute.capture(page, row, prefix, facts) !== undefined;
    }
  }

  #readPath(uri: string): void {
    const room = uri.length * MAX_BYTES_PER_UNIT;
    if (room > this.#path.length) this.#path = new Uint8Array(room * 2);
    this.#pathEnd = encodeUri(uri, this.#path);
  }
}

/** Holds that a chunk of an index is one. */
export function checkIndexChunk(router: RouterName, chunk: Chunk, ref: ChunkRef): void {
  if (chunk instanceof BranchChunk) return;
  if (chunk instanceof RoutePage && chunk.router === router) return;
  const found = chunk instanceof RoutePage ? `a page of ${chunk.router}` : "a chunk of bodies";
  throw new SnapshotError("corrupt", chunkName(ref), `it is ${found}, in an index of ${router}`);
}
