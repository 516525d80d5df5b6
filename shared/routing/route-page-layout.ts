import { ROUTER_NAMES, type RouterName } from "../snapshot/format.ts";
import type { CaptureKind } from "./path-pattern.ts";

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
/** The table of children has a place for every byte from the least to the greatest. */
export const NODE_RANGE = 8;
/** INDEX.md 5.2.4: where there are so many children or more, and so many places for each at most. */
export const RANGE_CHILDREN = 4;
export const RANGE_PLACES = 3;

/** INDEX.md 5.2.4: a node with all below it is a cluster where they weigh no more. */
export const CLUSTER_WEIGHT = 1024;
/** INDEX.md 5.2.6: hosts no further before a cluster than so many bytes are not written again. */
export const HOSTS_REACH = 1024;

/** INDEX.md 5.2.5: flags of an entry. */
export const ENTRY_LAST = 1;
export const ENTRY_METHODS = 2;
export const ENTRY_CONDITIONS = 4;
/** The rest of the pattern is a star alone, and not written. */
export const ENTRY_STAR = 8;
/** From this bit on, two. */
export const ENTRY_CAPTURE = 4;
export const ENTRY_HOSTS = 64;
/** Its conditions are tried last, since it makes no difference: they cannot fail. */
export const ENTRY_SURE = 128;
export const CAPTURES: Readonly<Record<CaptureKind, number>> = {
  none: 0,
  tail: 1,
  rest: 2,
  whole: 3,
};

/** INDEX.md 5.2.3: a length of up to 254 is one byte; this one says that two more follow. */
export const LONG_LENGTH = 255;

/** INDEX.md 5.2.3: offsets are two bytes in pages of up to so many, else three. */
export const SHORT_PAGE_BYTES = 2 ** 16 - 1;
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

const ROUTERS_BY_NUMBER: ReadonlyMap<number, RouterName> = new Map(
  ROUTER_NAMES.map((router) => [ROUTER_NUMBERS[router], router]),
);

export function routerNumber(router: RouterName): number {
  return ROUTER_NUMBERS[router];
}

export function routerByNumber(number: number): RouterName | undefined {
  return ROUTERS_BY_NUMBER.get(number);
}
