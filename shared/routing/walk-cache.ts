import { Walk } from "./route-walk.ts";

const WALKS_KEPT = 8192;
/** A power of two. */
const SEEN_SLOTS = 16_384;
/** Longer ones come from nobody's links; they are not worth their memory. */
const LONGEST_KEPT = 256;

/**
 * The walks of hosts and paths that came twice within a while. What comes once, as a scanner's guesses do,
 * costs a number. A full cache begins anew: what is in demand is back at once.
 */
export class WalkCache {
  /** By path; those of other hosts hang on by `next`. */
  #walks = new Map<string, Walk>();
  #count = 0;
  readonly #seen = new Uint32Array(SEEN_SLOTS);

  get(host: string, uri: string): Walk | undefined {
    let walk = this.#walks.get(uri);
    while (walk !== undefined && walk.host !== host) walk = walk.next;
    return walk;
  }

  /** A new walk that is kept from now on, where these were seen before; `hash` is theirs. */
  admit(host: string, uri: string, hash: number): Walk | undefined {
    const slot = hash & (SEEN_SLOTS - 1);
    const isKnown = this.#seen[slot] === hash;
    this.#seen[slot] = hash;
    if (!isKnown || uri.length > LONGEST_KEPT || host.length > LONGEST_KEPT) return undefined;
    if (this.#count === WALKS_KEPT) this.clear();
    const walk = new Walk();
    walk.begin(ownCopy(host), ownCopy(uri));
    walk.next = this.#walks.get(uri);
    this.#walks.set(walk.uri, walk);
    this.#count += 1;
    return walk;
  }

  clear(): void {
    this.#walks = new Map();
    this.#count = 0;
  }
}

/** A part of a longer string keeps all of it in memory; a walk may stay for long. */
function ownCopy(text: string): string {
  const units = new Array<number>(text.length);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  return String.fromCharCode(...units);
}
