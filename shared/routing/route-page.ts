import { SnapshotError } from "../snapshot/errors.ts";
import type { RouterName } from "../snapshot/format.ts";
import { u32At } from "../snapshot/little-endian.ts";
import { Conditions } from "./conditions.ts";
import type { Facts } from "./facts.ts";
import { acceptsHost, HOST_HEAD_BYTES, hostPattern } from "./host-patterns.ts";
import { EXACT_HOST, HOST_SUFFIX } from "./route-entry.ts";
import {
  HEADER,
  LONG_LENGTH,
  NODE_CHILDREN,
  NODE_EXACT,
  NODE_PREFIX,
  NODE_RANGE,
  PAGE_MAGIC,
  routerByNumber,
  SHORT_PAGE_BYTES,
} from "./route-page-layout.ts";
import type { SoughtRoute } from "./sought-route.ts";
import { ASCII_UNITS, decodeUri } from "./uri-bytes.ts";

export const NONE = -1;

const SUFFIX_BYTE = HOST_SUFFIX.charCodeAt(0);
const EXACT_BYTE = EXACT_HOST.charCodeAt(0);

/** What a walk down a path came by. Used again by the next walk: nothing of it outlives a match. */
export class PathTrail {
  /** The node at the end of the path, or NONE; and where its label ends. */
  end = NONE;
  labelEnd = NONE;
  /** Nodes with prefix entries on the way, where the label of each ends, and how much of the path it takes. */
  readonly nodes: number[] = [];
  readonly labelEnds: number[] = [];
  readonly lengths: number[] = [];
  count = 0;
}

/** What a walk down a host came by. */
export class HostTrail {
  /** The node at the end of the host that all its paths lie under, or NONE. */
  exact = NONE;
  /** How much of the host each suffix on the way takes, and the node of its paths. */
  readonly nodes: number[] = [];
  readonly lengths: number[] = [];
  count = 0;
}

/**
 * A page of the route index (INDEX.md 5.2), read in place; opening looks at the header alone. Every step
 * is held against the page's bounds and offsets only lead onwards, so bytes that are no page end in
 * `corrupt`, never in a walk without end.
 */
export class RoutePage {
  readonly router: RouterName;
  readonly entries: number;
  readonly bytes: Uint8Array;
  /** The node of the first byte of all hosts, and of all paths of any host; 0 where there is none. */
  readonly hostsAt: number;
  readonly anyHostAt: number;
  /** Where the nodes end and the texts begin. */
  readonly textsAt: number;
  /** How many bytes an offset has. */
  readonly offsetBytes: number;
  readonly #name: string;
  /** By offset into the texts: what has been evaluated before stays parsed. */
  #conditions: Map<number, Conditions> | undefined;
  #names: Map<number, readonly string[]> | undefined;

  constructor(bytes: Uint8Array, name: string) {
    this.bytes = bytes;
    this.#name = name;
    if (bytes.length < HEADER.bytes) throw this.corrupt("it is shorter than its header");
    if (u32At(bytes, HEADER.magic) !== PAGE_MAGIC) {
      throw this.corrupt("it does not begin as a page of a route index");
    }
    const number = u32At(bytes, HEADER.router);
    const router = routerByNumber(number);
    if (!router) throw new SnapshotError("unsupported", name, `router number ${number}`);
    this.router = router;
    this.entries = u32At(bytes, HEADER.entries);
    this.hostsAt = u32At(bytes, HEADER.hosts);
    this.anyHostAt = u32At(bytes, HEADER.anyHost);
    this.textsAt = u32At(bytes, HEADER.texts);
    this.offsetBytes = bytes.length > SHORT_PAGE_BYTES ? 3 : 2;
    if (this.textsAt > bytes.length) throw this.corrupt("its texts lie outside");
  }

  /** Follows the part of the host that the key takes, from its end. */
  walkHost(key: SoughtRoute, trail: HostTrail): void {
    const seen = this.#followHost(key, trail);
    if (seen >= ASCII_UNITS && key.readHostBytes()) this.#followHost(key, trail);
  }

  /** Returns the units that it came by, put together by OR. */
  #followHost(key: SoughtRoute, trail: HostTrail): number {
    const { bytes } = this;
    const { host, hostLength } = key;
    trail.exact = NONE;
    trail.count = 0;
    let seen = 0;
    let taken = 0;
    for (let node = this.hostsAt; node !== 0; taken++) {
      let at = this.#labelAt(node);
      const labelEnd = at + this.lengthAt(node + 1);
      for (; at < labelEnd; at++, taken++) {
        if (taken === hostLength) return seen;
        const unit = host.charCodeAt(host.length - 1 - taken);
        seen |= unit;
        if (bytes[at] !== unit) return seen;
      }
      const flags = bytes[node] as number;
      if ((flags & NODE_CHILDREN) === 0) throw this.corrupt("a host ends");
      const suffix = this.#child(node, at, SUFFIX_BYTE);
      if (suffix !== 0) {
        trail.nodes[trail.count] = suffix;
        trail.lengths[trail.count++] = taken;
      }
      if (taken === hostLength) {
        trail.exact = this.#child(node, at, EXACT_BYTE) || NONE;
        return seen;
      }
      const unit = host.charCodeAt(host.length - 1 - taken);
      seen |= unit;
      node = this.#child(node, at, unit);
    }
    return seen;
  }

  /** Follows the part of the path that the key takes, from the node of its scope; 0 is none. */
  walkPath(scope: number, key: SoughtRoute, trail: PathTrail): void {
    const seen = this.#followPath(scope, key.path, key.pathLength, trail);
    if (seen < ASCII_UNITS || !key.readPathBytes()) return;
    this.#followPath(scope, key.path, key.pathLength, trail);
  }

  /** Returns the units that it came by, put together by OR. */
  #followPath(scope: number, path: string, end: number, trail: PathTrail): number {
    const { bytes, textsAt } = this;
    let seen = 0;
    let taken = 0;
    let count = 0;
    trail.end = NONE;
    for (let node = scope; node !== 0; taken++) {
      let at = node + 2;
      let labelEnd = at + (bytes[node + 1] as number);
      if (labelEnd - at === LONG_LENGTH) {
        at += 2;
        labelEnd = at + this.lengthAt(node + 1);
      }
      if (!(labelEnd < textsAt)) throw this.corrupt("a node lies outside");
      while (at < labelEnd && taken < end) {
        const unit = path.charCodeAt(taken);
        seen |= unit;
        if (bytes[at] !== unit) break;
        at++;
        taken++;
      }
      if (at < labelEnd) break;
      const flags = bytes[node] as number;
      if ((flags & NODE_PREFIX) !== 0) {
        trail.nodes[count] = node;
        trail.labelEnds[count] = at;
        trail.lengths[count++] = taken;
      }
      if (taken === end) {
        trail.end = node;
        trail.labelEnd = at;
        break;
      }
      if ((flags & NODE_CHILDREN) === 0) break;
      const unit = path.charCodeAt(taken);
      seen |= unit;
      node = this.#child(node, at, unit);
    }
    trail.count = count;
    return seen;
  }

  /** Where the exact entries begin of the node whose label ends at `labelEnd`, or NONE. */
  exactEntries(node: number, labelEnd: number): number {
    const flags = this.bytes[node] as number;
    if ((flags & NODE_EXACT) === 0) return NONE;
    return this.#entriesAt(flags, labelEnd) + ((flags & NODE_PREFIX) !== 0 ? this.offsetBytes : 0);
  }

  /** Where its prefix entries begin, or NONE. */
  prefixEntries(node: number, labelEnd: number): number {
    const flags = this.bytes[node] as number;
    if ((flags & NODE_PREFIX) === 0) return NONE;
    const at = this.#entriesAt(flags, labelEnd);
    return (flags & NODE_EXACT) !== 0 ? this.#onwards(at, at) : at;
  }

  /** Whether one of the host patterns at that offset accepts the request's host. */
  hostsHold(offset: number, facts: Facts): boolean {
    return this.#hostAccepting(offset, facts) !== NONE;
  }

  /** The first that does. */
  hostPattern(offset: number, facts: Facts): string | undefined {
    const at = this.#hostAccepting(offset, facts);
    if (at === NONE) return undefined;
    const from = at + HOST_HEAD_BYTES;
    return hostPattern(this.bytes, at, from + this.#number(at + 1, 2));
  }

  /** Whether the conditions at that offset into the texts hold. Throws what evaluating one throws. */
  conditionsHold(offset: number, facts: Facts): boolean {
    const conditions = this.#conditions?.get(offset) ?? this.#readConditions(offset);
    return conditions.hold(facts);
  }

  /** The names of captures at that offset into the texts (INDEX.md 5.2.5). */
  names(offset: number): readonly string[] {
    return this.#names?.get(offset) ?? this.#readNames(offset);
  }

  #readNames(offset: number): readonly string[] {
    const at = this.textsAt + offset + 2;
    const end = at + this.#number(at - 2, 2);
    if (end > this.bytes.length) throw this.corrupt("names lie outside");
    const names = decodeUri(this.bytes, at, end).split("/");
    this.#names ??= new Map();
    this.#names.set(offset, names);
    return names;
  }

  corrupt(detail: string): SnapshotError {
    return new SnapshotError("corrupt", this.#name, detail);
  }

  /** The length that is written at `at`. */
  lengthAt(at: number): number {
    const { bytes } = this;
    const length = bytes[at] as number;
    if (length !== LONG_LENGTH) return length;
    return (bytes[at + 1] as number) | ((bytes[at + 2] as number) << 8);
  }

  /** Where the text begins whose length is written at `at`. It ends among the nodes, or this throws. */
  textAt(at: number): number {
    const from = at + (this.bytes[at] === LONG_LENGTH ? 3 : 1);
    if (!(from + this.lengthAt(at) <= this.textsAt)) throw this.corrupt("a text lies outside");
    return from;
  }

  /** The offset at `at`; NaN outside. */
  offsetAt(at: number): number {
    const { bytes } = this;
    const low = (bytes[at] as number) + (bytes[at + 1] as number) * 256;
    return this.offsetBytes === 2 ? low : low + (bytes[at + 2] as number) * 65_536;
  }

  #labelAt(node: number): number {
    if (node >= this.textsAt) throw this.corrupt("a node lies outside");
    return this.textAt(node + 1);
  }

  /** The child of `node` by that byte, or 0; `at` is where its table begins. */
  #child(node: number, at: number, byte: number): number {
    const { bytes } = this;
    const count = (bytes[at] as number) + 1;
    if (((bytes[node] as number) & NODE_RANGE) !== 0) {
      const place = byte - (bytes[at + 1] as number);
      if (!(place >= 0 && place < count)) return 0;
      const offset = this.offsetAt(at + 2 + place * this.offsetBytes);
      return offset === 0 ? 0 : this.#held(offset, node);
    }
    let place = 0;
    while (bytes[at + 1 + place] !== byte) if (++place === count) return 0;
    return this.#held(this.offsetAt(at + 1 + count + place * this.offsetBytes), node);
  }

  #entriesAt(flags: number, labelEnd: number): number {
    if ((flags & NODE_CHILDREN) === 0) return labelEnd;
    const count = (this.bytes[labelEnd] as number) + 1;
    const lead = (flags & NODE_RANGE) !== 0 ? 2 : 1 + count;
    return labelEnd + lead + count * this.offsetBytes;
  }

  /** The offset at `at`, which leads beyond `from`. */
  #onwards(at: number, from: number): number {
    return this.#held(this.offsetAt(at), from);
  }

  #held(offset: number, from: number): number {
    if (!(offset > from && offset < this.textsAt)) throw this.corrupt("an offset leads nowhere");
    return offset;
  }

  #readConditions(offset: number): Conditions {
    const at = this.textsAt + offset + 3;
    const end = at + this.#number(at - 3, 3);
    if (end > this.bytes.length) throw this.corrupt("conditions lie outside");
    const conditions = Conditions.read(this.bytes.subarray(at, end), this.#name);
    this.#conditions ??= new Map();
    this.#conditions.set(offset, conditions);
    return conditions;
  }

  /** Where the pattern lies that accepts the request's host, or NONE. */
  #hostAccepting(offset: number, facts: Facts): number {
    const { bytes } = this;
    let at = offset + 2;
    for (let left = this.#number(offset, 2); left > 0; left--) {
      const end = at + HOST_HEAD_BYTES + this.#number(at + 1, 2);
      if (end > bytes.length) throw this.corrupt("a host lies outside");
      if (acceptsHost(bytes, at, end, facts)) return at;
      at = end;
    }
    return NONE;
  }

  /** Little-endian, of up to three bytes. */
  #number(at: number, size: number): number {
    const { bytes } = this;
    if (!(at + size <= bytes.length)) throw this.corrupt("a number lies outside");
    const low = bytes[at] as number;
    if (size === 1) return low;
    const both = low | ((bytes[at + 1] as number) << 8);
    return size === 2 ? both : both | ((bytes[at + 2] as number) << 16);
  }
}
