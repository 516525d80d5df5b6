import type { RouterName } from "../snapshot/format.ts";
import { numberText } from "./host-patterns.ts";
import { ANY_HOST, EXACT_HOST, HOST_SUFFIX, type RouteEntry } from "./route-entry.ts";
import {
  CAPTURES,
  ENTRY_CAPTURE,
  ENTRY_CONDITIONS,
  ENTRY_HOSTS,
  ENTRY_LAST,
  ENTRY_METHODS,
  ENTRY_STAR,
  ENTRY_SURE,
  HEADER,
  LONG_LENGTH,
  MAX_PAGE_BYTES,
  NODE_CHILDREN,
  NODE_EXACT,
  NODE_PREFIX,
  NODE_RANGE,
  PAGE_MAGIC,
  RANGE_CHILDREN,
  RANGE_PLACES,
  routerNumber,
  SHORT_PAGE_BYTES,
} from "./route-page-layout.ts";

/**
 * The bytes of a page of the route index (INDEX.md 5.2), from entries in their order (`compareEntries`).
 * Throws a RangeError where they do not fit into a page.
 */
export function encodeRoutePage(router: RouterName, entries: readonly RouteEntry[]): Uint8Array {
  const short = encode(router, entries, 2);
  return short.length <= SHORT_PAGE_BYTES ? short : encode(router, entries, 3);
}

function encode(
  router: RouterName,
  entries: readonly RouteEntry[],
  offsetBytes: number,
): Uint8Array {
  const writer = new PageWriter(offsetBytes);
  writer.at = HEADER.bytes;
  const [anyHost, hosts] = partAt(entries, ({ key }) => key.startsWith(ANY_HOST));
  const anyHostAt = anyHost.length > 0 ? writeNode(writer, anyHost, 1, true) : 0;
  const hostsAt = hosts.length > 0 ? writeNode(writer, hosts, 0, false) : 0;
  const texts = writer.at;
  writer.writeTexts();
  writer.patch(HEADER.magic, PAGE_MAGIC, 4);
  writer.patch(HEADER.router, routerNumber(router), 4);
  writer.patch(HEADER.entries, entries.length, 4);
  writer.patch(HEADER.hosts, hostsAt, 4);
  writer.patch(HEADER.anyHost, anyHostAt, 4);
  writer.patch(HEADER.texts, texts, 4);
  return writer.finish();
}

/** The any-host scope lies between other keys; both parts keep their order. */
function partAt(
  entries: readonly RouteEntry[],
  isFirst: (entry: RouteEntry) => boolean,
): readonly [RouteEntry[], RouteEntry[]] {
  const first: RouteEntry[] = [];
  const second: RouteEntry[] = [];
  for (const entry of entries) (isFirst(entry) ? first : second).push(entry);
  return [first, second];
}

/**
 * INDEX.md 5.2.4: a node for `entries`, whose keys share their first `depth` bytes. In the host part a
 * node ends before the byte that parts host and path; a node of a path begins after it.
 */
function writeNode(
  writer: PageWriter,
  entries: readonly RouteEntry[],
  depth: number,
  isPath: boolean,
): number {
  const first = (entries[0] as RouteEntry).key;
  const end = depth + labelLength(entries, depth, isPath);
  const own = isPath ? entries.filter(({ key }) => key.length === end) : [];
  const exact = own.filter(({ isPrefix }) => !isPrefix);
  const prefixes = own.filter(({ isPrefix }) => isPrefix);
  const groups = groupsAt(entries, end, own.length);
  const leads = groups.map(([entry]) => (entry as RouteEntry).key.charCodeAt(end));
  const isRange = takesRange(leads);
  const at = writer.at;
  writer.byte(
    (exact.length > 0 ? NODE_EXACT : 0) |
      (prefixes.length > 0 ? NODE_PREFIX : 0) |
      (groups.length > 0 ? NODE_CHILDREN : 0) |
      (isRange ? NODE_RANGE : 0),
  );
  writer.text(first.slice(depth, end));
  const places = isRange ? writeRange(writer, leads) : writeList(writer, leads);
  if (exact.length > 0 && prefixes.length > 0) {
    const skip = writer.at;
    writer.offset(0);
    writeEntries(writer, exact, end);
    writer.patch(skip, writer.at, writer.offsetBytes);
  } else {
    writeEntries(writer, exact, end);
  }
  writeEntries(writer, prefixes, end);
  for (const [i, group] of groups.entries()) {
    const separator = (group[0] as RouteEntry).key.charAt(end);
    const startsPath = isPath || separator === HOST_SUFFIX || separator === EXACT_HOST;
    const child = writeNode(writer, group, end + 1, startsPath);
    writer.patch(places[i] as number, child, writer.offsetBytes);
  }
  return at;
}

/** How many bytes all keys share from `depth` on; of a host, none of the separator. */
function labelLength(entries: readonly RouteEntry[], depth: number, isPath: boolean): number {
  const first = (entries[0] as RouteEntry).key;
  const last = (entries.at(-1) as RouteEntry).key;
  let end = depth;
  while (end < first.length && first.charCodeAt(end) === last.charCodeAt(end)) {
    if (!isPath && first.charAt(end) <= EXACT_HOST) break;
    end++;
  }
  return end - depth;
}

/** The entries that go on after `end`, by their next byte. */
function groupsAt(entries: readonly RouteEntry[], end: number, skip: number): RouteEntry[][] {
  const groups: RouteEntry[][] = [];
  let byte = "";
  for (let i = skip; i < entries.length; i++) {
    const entry = entries[i] as RouteEntry;
    const next = entry.key.charAt(end);
    if (next !== byte || groups.length === 0) groups.push([]);
    byte = next;
    (groups.at(-1) as RouteEntry[]).push(entry);
  }
  return groups;
}

/** INDEX.md 5.2.4: whether a place for every byte from the least to the greatest is worth its bytes. */
function takesRange(leads: readonly number[]): boolean {
  const places = (leads.at(-1) ?? 0) - (leads[0] ?? 0) + 1;
  return leads.length >= RANGE_CHILDREN && places <= leads.length * RANGE_PLACES;
}

/** Returns where the offset of each child is to be filled in. */
function writeRange(writer: PageWriter, leads: readonly number[]): number[] {
  const [least = 0] = leads;
  const places = (leads.at(-1) as number) - least + 1;
  // One less: there may be 256.
  writer.byte(places - 1);
  writer.byte(least);
  const table = writer.at;
  for (let i = 0; i < places; i++) writer.offset(0);
  return leads.map((lead) => table + (lead - least) * writer.offsetBytes);
}

/** Returns where the offset of each child is to be filled in. */
function writeList(writer: PageWriter, leads: readonly number[]): number[] {
  if (leads.length === 0) return [];
  writer.byte(leads.length - 1);
  for (const lead of leads) writer.byte(lead);
  const table = writer.at;
  for (let i = 0; i < leads.length; i++) writer.offset(0);
  return leads.map((_lead, i) => table + i * writer.offsetBytes);
}

/** INDEX.md 5.2.5, in the order in which they are tried. `end` is the length of their key. */
function writeEntries(writer: PageWriter, entries: readonly RouteEntry[], end: number): void {
  for (const [i, entry] of entries.entries()) {
    const rest = entry.isPrefix ? entry.pattern.slice(prefixLength(entry, end)) : "";
    writer.byte(
      (i === entries.length - 1 ? ENTRY_LAST : 0) |
        (entry.methods !== 0 ? ENTRY_METHODS : 0) |
        (entry.hosts !== "" ? ENTRY_HOSTS : 0) |
        (entry.conditions !== "" ? ENTRY_CONDITIONS : 0) |
        (entry.conditions !== "" && entry.isSure ? ENTRY_SURE : 0) |
        (rest === "*" ? ENTRY_STAR : 0) |
        (CAPTURES[entry.capture] << ENTRY_CAPTURE),
    );
    if (entry.methods !== 0) writer.number(entry.methods, 2);
    if (entry.hosts !== "") writer.offset(writer.placeText(entry.hosts));
    if (entry.conditions !== "") writer.offset(writer.placeText(withLength(entry.conditions)));
    writer.text(entry.routeId);
    if (entry.isPrefix && rest !== "*") writer.text(rest);
  }
}

/** How much of the pattern the key holds: all of the key after its separator. */
function prefixLength({ key }: RouteEntry, end: number): number {
  let separator = 0;
  while (key.charAt(separator) > ANY_HOST) separator++;
  return end - separator - 1;
}

function withLength(text: string): string {
  return numberText(text.length, 3) + text;
}

class PageWriter {
  at = 0;
  readonly offsetBytes: number;
  #bytes = new Uint8Array(1024);
  /** Hosts and conditions, each once: offset within the texts, by text. */
  readonly #texts = new Map<string, number>();
  #textBytes = 0;

  constructor(offsetBytes: number) {
    this.offsetBytes = offsetBytes;
  }

  byte(value: number): void {
    this.#makeRoom(1);
    this.#bytes[this.at++] = value;
  }

  number(value: number, bytes: number): void {
    this.#makeRoom(bytes);
    this.patch(this.at, value, bytes);
    this.at += bytes;
  }

  offset(value: number): void {
    this.number(value, this.offsetBytes);
  }

  patch(at: number, value: number, bytes: number): void {
    for (let i = 0; i < bytes; i++) this.#bytes[at + i] = value >>> (8 * i);
  }

  /** A length and as many bytes; `text` has one character a byte. */
  text(text: string): void {
    if (text.length < LONG_LENGTH) this.byte(text.length);
    else {
      if (text.length > 0xffff) throw new RangeError(`a text of ${text.length} bytes`);
      this.byte(LONG_LENGTH);
      this.number(text.length, 2);
    }
    this.#raw(text);
  }

  /** Where in the texts section `text` will lie. */
  placeText(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const at = this.#textBytes;
    this.#texts.set(text, at);
    this.#textBytes += text.length;
    return at;
  }

  writeTexts(): void {
    for (const text of this.#texts.keys()) this.#raw(text);
  }

  finish(): Uint8Array {
    if (this.at > MAX_PAGE_BYTES) {
      throw new RangeError(
        `the routes of one path take ${this.at} bytes of the index, the limit is ${MAX_PAGE_BYTES}`,
      );
    }
    return this.#bytes.slice(0, this.at);
  }

  #raw(text: string): void {
    this.#makeRoom(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.at++] = text.charCodeAt(i);
  }

  #makeRoom(bytes: number): void {
    if (this.at + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.at + bytes));
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
