/** The bytes of a branch (FORMAT.md 5.1.3), shared by its writer and its reader. */

/** "SGT1", little-endian. */
export const BRANCH_MAGIC = 0x31544753;
/** Fields of the head. */
export const COUNT = 4;
export const FLAGS = 8;
export const PREFIX_LENGTH = 12;
export const HEAD_BYTES = 16;

/** Columns of a row, after the digest. */
export const LENGTH = 32;
export const KEY = 36;
export const KEY_LENGTH = 40;
export const ANCESTORS = 42;
export const ROW_BYTES = 44;

export const DIGEST_BYTES = 32;
export const ANCESTOR_BYTES = 2;
export const MAX_KEY_BYTES = 0x7fff;
/** Set in the number of ancestors: the child is a branch itself. */
export const IS_BRANCH = 0x8000;
