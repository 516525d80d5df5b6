import type { SoughtKey } from "../snapshot/branch-chunk.ts";
import { encodeUri, MAX_BYTES_PER_UNIT } from "./uri-bytes.ts";

/**
 * What of a request is looked for in a route index: its host from the end, a separator, its path
 * (INDEX.md 5.2.2). The host is put together with the path scope by scope; the buffers are used again by
 * the next request.
 */
export class SoughtRoute implements SoughtKey {
  bytes = new Uint8Array(256);
  start = 0;
  end = 0;
  /** Where the path begins, and ends, in `bytes`; the separator lies before. */
  path = 0;
  pathEnd = 0;
  hostLength = 0;
  /** Of host and path. */
  hash = 0;
  #host = new Uint8Array(128);

  read(host: string, uri: string): void {
    this.hostLength = this.#readHost(host);
    const room = this.hostLength + 1 + uri.length * MAX_BYTES_PER_UNIT;
    if (room > this.bytes.length) this.bytes = new Uint8Array(room * 2);
    this.path = this.hostLength + 1;
    this.pathEnd = this.path + encodeAt(uri, this.bytes, this.path);
    this.hash = this.#hashOf();
  }

  #hashOf(): number {
    let hash = 0x811c9dc5;
    const host = this.#host;
    for (let i = 0; i < this.hostLength; i++) {
      hash = Math.imul(hash ^ (host[i] as number), 0x01000193);
    }
    const { bytes, pathEnd } = this;
    for (let i = this.path; i < pathEnd; i++) {
      hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
    }
    return (hash ^ (hash >>> 15)) >>> 0;
  }

  /** Makes the key that of the first `length` bytes of the reversed host under `separator`. */
  setScope(length: number, separator: number): void {
    const { bytes, path } = this;
    const host = this.#host;
    const start = path - 1 - length;
    for (let i = 0; i < length; i++) bytes[start + i] = host[i] as number;
    bytes[path - 1] = separator;
    this.start = start;
    this.end = this.pathEnd;
  }

  /** Last character first. */
  #readHost(host: string): number {
    const { length } = host;
    if (length * MAX_BYTES_PER_UNIT > this.#host.length) {
      this.#host = new Uint8Array(length * 2 * MAX_BYTES_PER_UNIT);
    }
    const bytes = this.#host;
    for (let i = 0; i < length; i++) {
      const unit = host.charCodeAt(length - 1 - i);
      if (unit >= 0x80) return encodeUri([...host].reverse().join(""), bytes);
      bytes[i] = unit;
    }
    return length;
  }
}

function encodeAt(text: string, bytes: Uint8Array, at: number): number {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) return encodeUri(text, bytes.subarray(at));
    bytes[at + i] = unit;
  }
  return length;
}
