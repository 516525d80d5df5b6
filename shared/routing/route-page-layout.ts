import { ROUTER_NAMES, type RouterName } from "../snapshot/format.ts";

/**
 * The bytes of a route page, shared by its writer and its reader. INDEX.md is the specification; numbers
 * in comments cite its sections.
 */

/** INDEX.md 5.2.3: "SGR1", little-endian. */
export const PAGE_MAGIC = 0x31524753;

/** INDEX.md 5.2.3: where the header's fields lie. */
export const HEADER = {
  magic: 0,
  router: 4,
  entries: 8,
  hosts: 12,
  anyHost: 16,
  texts: 20,
  bytes: 24,
} as const;

/** INDEX.md 5.2.4: flags of a node. */
export const NODE_EXACT = 1;
export const NODE_PREFIX = 2;
export const NODE_CHILDREN = 4;

/** INDEX.md 5.2.5: flags of an entry. */
export const ENTRY_LAST = 1;
export const ENTRY_METHODS = 2;
export const ENTRY_CONDITIONS = 4;
/** The rest of the pattern is a star alone, and not written. */
export const ENTRY_STAR = 8;
/** Two bits. */
export const ENTRY_CAPTURE = 16;
export const CAPTURE_KINDS = ["none", "tail", "rest", "whole"] as const;

/** INDEX.md 5.2.3: a length of up to 254 is one byte; this one says that two more follow. */
export const LONG_LENGTH = 255;

/** INDEX.md 5.2.3: offsets are three bytes. */
export const OFFSET_BYTES = 3;
export const MAX_PAGE_BYTES = 2 ** 24 - 1;

/** Flag of a branch (FORMAT.md 5.1.3): there are keys of the any-host scope below. */
export const BRANCH_ANY_HOST = 1;
/** Set in an ancestor's length (FORMAT.md 5.1.5): it is a host suffix, not a path. */
export const HOST_ANCESTOR = 0x8000;

/** INDEX.md 5.2.3: routers by number. */
const ROUTER_NUMBERS: Readonly<Record<RouterName, number>> = {
  radixtree_host_uri: 1,
  radixtree_uri: 2,
  radixtree_uri_with_parameter: 3,
};

export function routerNumber(router: RouterName): number {
  return ROUTER_NUMBERS[router];
}

export function routerByNumber(number: number): RouterName | undefined {
  return ROUTER_NAMES.find((router) => ROUTER_NUMBERS[router] === number);
}
