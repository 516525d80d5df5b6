import { withNames } from "./path-pattern.ts";
import { NONE, type RoutePage } from "./route-page.ts";
import {
  CAPTURES,
  ENTRY_CAPTURE,
  ENTRY_CONDITIONS,
  ENTRY_HOSTS,
  ENTRY_LAST,
  ENTRY_METHODS,
  ENTRY_STAR,
  ENTRY_SURE,
  LONG_LENGTH,
} from "./route-page-layout.ts";
import { decodeUri } from "./uri-bytes.ts";

/** An entry of a page (INDEX.md 5.2.5), its parts found; used again for the next one. */
export class EntryRow {
  /** Where the next entry begins. */
  end = 0;
  /** Offsets, of hosts into the page and of conditions into the texts, or NONE. */
  hosts = NONE;
  conditions = NONE;
  /** Where the length of the route id is written. */
  idAt = 0;
  /** Where the rest of the pattern lies, if it is written; it ends where the entry does. */
  restAt = 0;
  #flags = 0;
  /** Where what follows the methods begins. */
  #at = 0;

  /** Comes to the entry at `at`. Returns whether it takes a method with that bit. */
  takesMethod(page: RoutePage, at: number, method: number): boolean {
    const { bytes } = page;
    const flags = bytes[at] as number;
    const from = at + (bytes[at + 1] === LONG_LENGTH ? 4 : 2);
    const end = from + page.lengthAt(at + 1);
    if (!(end <= page.textsAt)) throw page.corrupt("an entry lies outside");
    this.#flags = flags;
    this.end = end;
    this.#at = from;
    if ((flags & ENTRY_METHODS) === 0) return true;
    this.#at = from + 2;
    return (((bytes[from] as number) | ((bytes[from + 1] as number) << 8)) & method) !== 0;
  }

  /** Finds the parts of the entry that `takesMethod` came to. */
  read(page: RoutePage): void {
    const flags = this.#flags;
    const { offsetBytes } = page;
    let next = this.#at;
    this.hosts = NONE;
    if ((flags & ENTRY_HOSTS) !== 0) {
      this.hosts = page.offsetAt(next);
      next += offsetBytes;
    }
    this.conditions = NONE;
    if ((flags & ENTRY_CONDITIONS) !== 0) {
      this.conditions = page.offsetAt(next);
      next += offsetBytes;
    }
    if (this.capture === CAPTURES.rest) next += offsetBytes;
    this.idAt = next;
    this.restAt = page.textAt(next) + page.lengthAt(next);
    if (!(this.restAt <= this.end)) throw page.corrupt("an entry is longer than it says");
  }

  /** Whether its conditions cannot fail, and so are tried last. */
  get isSure(): boolean {
    return (this.#flags & ENTRY_SURE) !== 0;
  }

  get isLast(): boolean {
    return (this.#flags & ENTRY_LAST) !== 0;
  }

  /** A number of `CAPTURES`. */
  get capture(): number {
    return (this.#flags >> ENTRY_CAPTURE) & 3;
  }

  /** What of the pattern of a prefix entry follows the prefix. */
  restOf(page: RoutePage): string {
    if ((this.#flags & ENTRY_STAR) !== 0) return "*";
    const rest = decodeUri(page.bytes, this.restAt, this.end);
    if (this.capture !== CAPTURES.rest) return rest;
    return withNames(rest, this.names(page));
  }

  /** Of the captures of an entry whose capture is `rest`. */
  names(page: RoutePage): readonly string[] {
    return page.names(page.offsetAt(this.idAt - page.offsetBytes));
  }
}

/** The route id whose length is written at `at`. */
export function routeIdAt(page: RoutePage, at: number): string {
  const from = page.textAt(at);
  return asciiText(page.bytes, from, from + page.lengthAt(at));
}

/** In eights: every request asks for an id, and each part is a string on the way to it. */
function asciiText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at += 8) text += upToEight(bytes, at, to - at);
  return text;
}

function upToEight(bytes: Uint8Array, at: number, count: number): string {
  const a = bytes[at] as number;
  if (count === 1) return String.fromCharCode(a);
  const b = bytes[at + 1] as number;
  if (count === 2) return String.fromCharCode(a, b);
  const c = bytes[at + 2] as number;
  if (count === 3) return String.fromCharCode(a, b, c);
  const d = bytes[at + 3] as number;
  if (count === 4) return String.fromCharCode(a, b, c, d);
  const e = bytes[at + 4] as number;
  if (count === 5) return String.fromCharCode(a, b, c, d, e);
  const f = bytes[at + 5] as number;
  if (count === 6) return String.fromCharCode(a, b, c, d, e, f);
  const g = bytes[at + 6] as number;
  if (count === 7) return String.fromCharCode(a, b, c, d, e, f, g);
  return String.fromCharCode(a, b, c, d, e, f, g, bytes[at + 7] as number);
}
