import { EntryRow, routeIdAt } from "./entry-row.ts";
import type { Facts } from "./facts.ts";
import { type Capture, matchPattern, restCaptures } from "./path-pattern.ts";
import { WHOLE_HOST } from "./route-entry.ts";
import { NONE, type RoutePage } from "./route-page.ts";
import { CAPTURES } from "./route-page-layout.ts";
import { ASCII_UNITS, byteString, decodeUri } from "./uri-bytes.ts";

/** The route found for a request. */
export interface RouteMatch {
  readonly routeId: string;
  /** The route's pattern that matched, e.g. `/foo/*`. */
  readonly path: string;
  /** The host pattern that matched, where there was one. */
  readonly host: string | undefined;
  /** Captured parameters by name; `:ext` is what an unnamed `*` matched. */
  readonly params: Readonly<Record<string, string>>;
}

/** A match that reads what it is asked for from its page, when it is asked. */
export class FoundRoute implements RouteMatch {
  readonly #page: RoutePage;
  readonly #at: number;
  readonly #idAt: number;
  /** How much of the path its prefix takes; NONE: its path is the request's. */
  readonly #prefix: number;
  readonly #facts: Facts;
  /** The host scope that it lies under, as a walk has it. */
  readonly #scope: number;

  /** `row` has been read from `at`. */
  constructor(
    page: RoutePage,
    at: number,
    { idAt }: EntryRow,
    prefix: number,
    facts: Facts,
    scope: number,
  ) {
    this.#page = page;
    this.#at = at;
    this.#idAt = idAt;
    this.#prefix = prefix;
    this.#facts = facts;
    this.#scope = scope;
  }

  get routeId(): string {
    return routeIdAt(this.#page, this.#idAt);
  }

  get path(): string {
    if (this.#prefix === NONE) return this.#facts.uri;
    return patternOf(this.#page, this.#row(), this.#prefix, this.#facts);
  }

  get host(): string | undefined {
    const { host } = this.#facts;
    if (this.#scope === WHOLE_HOST) return host;
    if (this.#scope !== NONE) {
      const bytes = byteString(host);
      return `*${textOf(bytes.slice(bytes.length - this.#scope))}`;
    }
    const { hosts } = this.#row();
    return hosts === NONE ? undefined : this.#page.hostPattern(hosts, this.#facts);
  }

  get params(): Readonly<Record<string, string>> {
    // No prototype: a parameter may be called `__proto__`.
    const params: Record<string, string> = Object.create(null);
    if (this.#prefix === NONE) return params;
    const row = this.#row();
    const { uri } = this.#facts;
    if (row.capture === CAPTURES.none) return params;
    if (row.capture === CAPTURES.rest && isAscii(uri, this.#prefix)) {
      const { bytes } = this.#page;
      const rest = { bytes, from: row.restAt, to: row.end, names: row.names(this.#page) };
      const captures = restCaptures(rest, uri, this.#prefix);
      if (captures) return captures;
    }
    const pattern = patternOf(this.#page, row, this.#prefix, this.#facts);
    for (const { name, nameEnd, from, to } of matchPattern(pattern, uri) ?? []) {
      params[pattern.slice(name, nameEnd) || ":ext"] = uri.slice(from, to);
    }
    return params;
  }

  /** What the whole pattern of a prefix entry captures; undefined where it does not hold. */
  static capture(
    page: RoutePage,
    row: EntryRow,
    prefix: number,
    facts: Facts,
  ): readonly Capture[] | undefined {
    return matchPattern(patternOf(page, row, prefix, facts), facts.uri);
  }

  #row(): EntryRow {
    const row = new EntryRow();
    row.takesMethod(this.#page, this.#at, 0);
    row.read(this.#page);
    return row;
  }
}

/** The prefix is the beginning of the request's path; the page has the rest. */
function patternOf(page: RoutePage, row: EntryRow, prefix: number, { uri }: Facts): string {
  return textOf(byteString(uri).slice(0, prefix)) + row.restOf(page);
}

/** Of bytes, one character each; ASCII is its own text. */
function textOf(bytes: string): string {
  if (byteString(bytes) === bytes) return bytes;
  const array = Uint8Array.from(bytes, (char) => char.charCodeAt(0));
  return decodeUri(array, 0, array.length);
}

/** Whether the first `length` units of `text` are bytes. */
function isAscii(text: string, length: number): boolean {
  for (let i = 0; i < length; i++) if (!(text.charCodeAt(i) < ASCII_UNITS)) return false;
  return true;
}
