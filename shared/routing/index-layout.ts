import { METHODS } from "../resources/methods.ts";
import type { RouterName } from "../snapshot/format.ts";

/**
 * The bytes of a route index, shared by its builder and its reader. INDEX.md is the specification;
 * numbers in comments cite its sections.
 */

/** INDEX.md 5.1.2: "SGR1", little-endian. */
export const MAGIC = 0x31524753;

/** INDEX.md 5.1.2: the header's `u32` fields, by position. */
export const HEADER_FIELDS = [
  "magic",
  "router",
  "seed",
  "longestPrefix",
  "routes",
  "hosts",
  "entries",
  "keys",
  "slots",
  "textBytes",
] as const;

export type HeaderField = (typeof HEADER_FIELDS)[number];

export const U32_BYTES = 4;
export const HEADER_BYTES = HEADER_FIELDS.length * U32_BYTES;

/** INDEX.md 5.1.3: bytes of a row. Fields lie in the order that the names below give. */
export const ROUTE_ROW = { id: 0, idLength: 4, bytes: 8 } as const;
export const HOST_ROW = { text: 0, length: 4, flags: 8, bytes: 12 } as const;
export const ENTRY_ROW = {
  route: 0,
  pattern: 4,
  patternLength: 8,
  methods: 12,
  firstHost: 16,
  hosts: 20,
  bytes: 24,
} as const;
export const KEY_ROW = { tag: 0, text: 4, length: 8, first: 12, count: 16, bytes: 20 } as const;
export const SLOT_ROW = { hash: 0, key: 4, bytes: 8 } as const;

/** INDEX.md 5.1.4. */
export const HOST_IS_SUFFIX = 1;
export const HOST_TAKES_HEADER = 2;

/** Set for a route's unknown method, so that the route does not seem to take any method. */
export const NO_KNOWN_METHOD = 1 << 31;

/** INDEX.md 5.1.5: methods by bit. A request's unknown method has no bit. */
const METHOD_BITS: ReadonlyMap<string, number> = new Map(METHODS.map((name, i) => [name, 1 << i]));

/** 0 for an unknown method. */
export function methodBit(method: string): number {
  return METHOD_BITS.get(method) ?? 0;
}

/** INDEX.md 5.1.6. */
export const EXACT_PATH = 0;
export const PATH_PREFIX = 1;
export const EXACT_HOST = 2;
export const HOST_SUFFIX = 3;

export type KeyKind =
  | typeof EXACT_PATH
  | typeof PATH_PREFIX
  | typeof EXACT_HOST
  | typeof HOST_SUFFIX;

/** The scope of routes without hosts, and the only one outside `radixtree_host_uri`. */
export const ANY_HOST = 0;

export function keyTag(scope: number, kind: KeyKind): number {
  return ((scope << 2) | kind) >>> 0;
}

/** INDEX.md 5.1.7: a reader gives up a search after this many slots; a builder never needs more. */
export const MAX_PROBES = 128;

/** INDEX.md 5.1.7: FNV-1a, begun at a seed; the hash of every prefix falls out on the way. */
export function hashSeed(seed: number): number {
  return (0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
}

export function hashStep(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193) >>> 0;
}

/** The hash of a key, from that of its text. */
export function keyHash(textHash: number, tag: number): number {
  let hash = textHash ^ Math.imul(tag, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** INDEX.md 5.1.2: routers by number. */
export const ROUTER_NUMBERS: Readonly<Record<RouterName, number>> = {
  radixtree_host_uri: 1,
  radixtree_uri: 2,
  radixtree_uri_with_parameter: 3,
};
