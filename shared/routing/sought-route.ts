import { leadByBytes, leadOfFour, type SoughtKey } from "../snapshot/branch-chunk.ts";
import type { PathInHand } from "./path-pattern.ts";
import { ASCII_UNITS, byteString } from "./uri-bytes.ts";

/** More than any key has; a small integer to V8. */
const UNCUT = 2 ** 30 - 1;

/**
 * What of a request is looked for in a route index: its host from the end, a separator, its path
 * (INDEX.md 5.2.2). The request's strings are read where they are; only where one turns out not to be
 * ASCII is it replaced by that of its bytes. Keys are read from their beginning, so up to that place both
 * are the same.
 */
export class SoughtRoute implements SoughtKey, PathInHand {
  /** The bytes of the host, one character each, first to last, and of the path; or what may be them. */
  host = "";
  path = "";
  /** How much of the host, from its end, lies before the separator. */
  hostLength = 0;
  separator = 0;
  #length = UNCUT;
  #isHostBytes = false;
  #isPathBytes = false;
  /** The segment that was asked for last: every pattern with the same prefix asks for it first. */
  #segmentAt = -1;
  #segmentEnd = 0;

  read(host: string, path: string): void {
    this.host = host;
    this.path = path;
    this.#isHostBytes = false;
    this.#isPathBytes = false;
    this.#segmentAt = -1;
  }

  /** Makes the key that of the last `hostLength` bytes of the host, and of the whole path. */
  setScope(hostLength: number, separator: number): void {
    this.hostLength = hostLength;
    this.separator = separator;
    this.#length = UNCUT;
  }

  /** Makes the key end after `length` bytes. */
  cutAt(length: number): void {
    this.#length = length;
  }

  /** How much of the path belongs to the key. */
  get pathLength(): number {
    const { length } = this.path;
    return this.#length === UNCUT ? length : Math.min(length, this.#length - this.hostLength - 1);
  }

  byteAt(position: number): number {
    if (position >= this.#length) return -1;
    const at = position - this.hostLength - 1;
    if (at >= 0) {
      const { path } = this;
      if (at >= path.length) return -1;
      const unit = path.charCodeAt(at);
      return unit < ASCII_UNITS ? unit : this.#pathByte(at);
    }
    return at === -1 ? this.separator : this.#hostByte(position);
  }

  leadAt(position: number): number {
    const { path } = this;
    const at = position - this.hostLength - 1;
    if (at < 0 || at + 4 > path.length || position + 4 > this.#length) {
      return leadByBytes(this, position);
    }
    const a = path.charCodeAt(at);
    const b = path.charCodeAt(at + 1);
    const c = path.charCodeAt(at + 2);
    const d = path.charCodeAt(at + 3);
    if ((a | b | c | d) >= ASCII_UNITS) return leadByBytes(this, position);
    return leadOfFour(a, b, c, d);
  }

  sharedBytes(from: number, bytes: Uint8Array, at: number, length: number): number {
    let shared = 0;
    // To find a byte of the host may make it longer: that of its bytes.
    for (; shared < length && from + shared <= this.hostLength; shared++) {
      if (this.byteAt(from + shared) !== bytes[at + shared]) return shared;
    }
    const { path } = this;
    const base = from - this.hostLength - 1;
    const end = Math.min(length, this.pathLength - base);
    for (; shared < end; shared++) {
      const unit = path.charCodeAt(base + shared);
      // What becomes bytes has more of them than it has units.
      if (unit >= ASCII_UNITS && this.readPathBytes()) {
        return this.sharedBytes(from, bytes, at, length);
      }
      if (unit !== bytes[at + shared]) return shared;
    }
    return shared;
  }

  /** False where the host was that of its bytes already. */
  readHostBytes(): boolean {
    if (this.#isHostBytes) return false;
    this.#isHostBytes = true;
    const { host } = this;
    // Characters are reversed before they become bytes.
    const reversed = byteString([...host].reverse().join(""));
    this.host = [...reversed].reverse().join("");
    if (this.hostLength === host.length) this.hostLength = this.host.length;
    return this.host !== host;
  }

  /** False where the path was that of its bytes already. */
  readPathBytes(): boolean {
    if (this.#isPathBytes) return false;
    this.#isPathBytes = true;
    const { path } = this;
    this.path = byteString(path);
    this.#segmentAt = -1;
    return this.path !== path;
  }

  segmentEnd(at: number): number {
    if (at === this.#segmentAt) return this.#segmentEnd;
    const { path } = this;
    const slash = path.indexOf("/", at);
    const end = slash < 0 ? path.length : slash;
    this.#segmentAt = at;
    this.#segmentEnd = end;
    return end;
  }

  #pathByte(at: number): number {
    this.readPathBytes();
    return this.path.charCodeAt(at);
  }

  #hostByte(at: number): number {
    const { host } = this;
    const unit = host.charCodeAt(host.length - 1 - at);
    if (unit < ASCII_UNITS || !this.readHostBytes()) return unit;
    return this.host.charCodeAt(this.host.length - 1 - at);
  }
}
