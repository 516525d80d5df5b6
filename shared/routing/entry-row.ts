import { NONE, type RoutePage } from "./route-page.ts";
import {
  ENTRY_CAPTURE,
  ENTRY_CONDITIONS,
  ENTRY_HOSTS,
  ENTRY_LAST,
  ENTRY_METHODS,
  ENTRY_STAR,
  ENTRY_SURE,
} from "./route-page-layout.ts";
import { decodeUri } from "./uri-bytes.ts";

/** An entry of a page (INDEX.md 5.2.5), its parts found; used again for the next one. */
export class EntryRow {
  methods = 0;
  /** Offsets into the texts, or NONE. */
  hosts = NONE;
  conditions = NONE;
  /** Where the rest of the pattern lies, if it is written. */
  restAt = 0;
  restEnd = 0;
  /** Where the next entry begins. */
  end = 0;
  #flags = 0;

  /** Reads the entry at `at`; `isPrefix` as its list is. */
  read(page: RoutePage, at: number, isPrefix: boolean): void {
    if (at >= page.textsAt) throw page.corrupt("an entry lies outside");
    const { bytes } = page;
    const flags = bytes[at] as number;
    let next = at + 1;
    this.#flags = flags;
    this.methods = 0;
    if ((flags & ENTRY_METHODS) !== 0) {
      this.methods = (bytes[next] as number) | ((bytes[next + 1] as number) << 8);
      next += 2;
    }
    this.hosts = NONE;
    if ((flags & ENTRY_HOSTS) !== 0) {
      this.hosts = page.offsetAt(next);
      next += page.offsetBytes;
    }
    this.conditions = NONE;
    if ((flags & ENTRY_CONDITIONS) !== 0) {
      this.conditions = page.offsetAt(next);
      next += page.offsetBytes;
    }
    this.end = page.textAt(next) + page.lengthAt(next);
    if (!isPrefix || (flags & ENTRY_STAR) !== 0) return;
    this.restAt = page.textAt(this.end);
    this.restEnd = this.restAt + page.lengthAt(this.end);
    this.end = this.restEnd;
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
    return decodeUri(page.bytes, this.restAt, this.restEnd);
  }
}

/** The route id of the entry at `at`; one that was asked for stays a string as long as its page stays. */
export function routeIdAt(page: RoutePage, at: number): string {
  let id = page.ids.get(at);
  if (id === undefined) {
    id = readRouteId(page, at);
    page.ids.set(at, id);
  }
  return id;
}

function readRouteId(page: RoutePage, at: number): string {
  const flags = page.bytes[at] as number;
  let idAt = at + 1;
  if ((flags & ENTRY_METHODS) !== 0) idAt += 2;
  if ((flags & ENTRY_HOSTS) !== 0) idAt += page.offsetBytes;
  if ((flags & ENTRY_CONDITIONS) !== 0) idAt += page.offsetBytes;
  const from = page.textAt(idAt);
  return asciiText(page.bytes, from, from + page.lengthAt(idAt));
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
