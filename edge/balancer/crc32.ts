/** CRC-32 as zlib, nginx and Ethernet have it (polynomial 0xEDB88320). */

const TABLE = new Uint32Array(256).map((_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

const START = 0xffffffff;

/** Unsigned. */
export function crc32(bytes: Uint8Array): number {
  return ~unfinished(bytes) >>> 0;
}

/**
 * For checksums of many texts with one beginning: the state after it, to which `crc32After` adds the
 * rest.
 */
export function unfinished(bytes: Uint8Array): number {
  let crc = START;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8);
  return crc;
}

/** The checksum of what led to `state`, followed by the four bytes of `word`, the lowest first. Unsigned. */
export function crc32After(state: number, word: number): number {
  let crc = state;
  for (let shift = 0; shift < 32; shift += 8) {
    crc = (TABLE[(crc ^ (word >>> shift)) & 0xff] as number) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
