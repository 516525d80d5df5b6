/**
 * Sets of IPv4 and IPv6 addresses (reference 3.4): the two families never meet, not even in v4-mapped
 * addresses; bits of a network beyond its prefix length do not count.
 */

/** An entry of a list is neither an address nor a network. */
export class IpRangeError extends Error {
  override readonly name = "IpRangeError";
  readonly entry: string;

  constructor(entry: string) {
    super(`invalid ip address: ${entry}`);
    this.entry = entry;
  }
}

/** Addresses and networks, e.g. `10.0.0.1`, `10.0.0.0/8`, `::1`, `[fe80::]/10`. Throws `IpRangeError`. */
export function parseIpRanges(list: readonly string[]): IpRanges {
  const v4: Range<number>[] = [];
  const v6: Range<string>[] = [];
  for (const entry of list) {
    const slash = entry.indexOf("/");
    const address = parseAddress(slash < 0 ? entry : entry.slice(0, slash));
    const bits = typeof address === "number" ? 32 : 128;
    const prefix = slash < 0 ? bits : prefixLength(entry.slice(slash + 1), bits);
    if (address === undefined || prefix === undefined) throw new IpRangeError(entry);
    if (typeof address === "number") v4.push(networkOfV4(address, prefix));
    else v6.push(networkOfV6(address, prefix));
  }
  return new IpRanges(merged(v4), merged(v6));
}

/** Whether the text is an address, and no network. */
export function isIpAddress(text: string): boolean {
  return parseAddress(text) !== undefined;
}

/** Without brackets and zone. */
export function isIpv6Address(text: string): boolean {
  return text.includes(":") && parseV6(text) !== undefined;
}

/** From the first to the last address of a network, both included. */
interface Range<T> {
  readonly first: T;
  readonly last: T;
}

export class IpRanges {
  readonly #v4: readonly Range<number>[];
  readonly #v6: readonly Range<string>[];

  /** Both in order and without overlaps; `parseIpRanges` makes one. */
  constructor(v4: readonly Range<number>[], v6: readonly Range<string>[]) {
    this.#v4 = v4;
    this.#v6 = v6;
  }

  /** False for what is no address at all. An IPv6 address may stand in brackets. */
  has(address: string): boolean {
    const parsed = parseAddress(address);
    if (parsed === undefined) return false;
    return typeof parsed === "number"
      ? isWithin(this.#v4, parsed, parsed)
      : isWithin(this.#v6, parsed, parsed);
  }

  /** Whether it has all addresses of `other`. False, too, where only neighbours together have a range. */
  covers(other: IpRanges): boolean {
    return (
      other.#v4.every(({ first, last }) => isWithin(this.#v4, first, last)) &&
      other.#v6.every(({ first, last }) => isWithin(this.#v6, first, last))
    );
  }
}

/** Binary search for the last range that begins at or before `first`, and whether it goes on to `last`. */
function isWithin<T extends number | string>(
  ranges: readonly Range<T>[],
  first: T,
  last: T,
): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as Range<T>).first <= first) low = middle + 1;
    else high = middle;
  }
  const candidate = ranges[low - 1];
  return candidate !== undefined && last <= candidate.last;
}

function merged<T extends number | string>(ranges: readonly Range<T>[]): Range<T>[] {
  const result: Range<T>[] = [];
  for (const range of ranges.toSorted((a, b) => (a.first < b.first ? -1 : 1))) {
    const before = result.at(-1);
    if (before === undefined || before.last < range.first) result.push(range);
    else if (before.last < range.last) {
      result[result.length - 1] = { first: before.first, last: range.last };
    }
  }
  return result;
}

function prefixLength(text: string, bits: number): number | undefined {
  const length = Number(text);
  return /^\d{1,3}$/.test(text) && length <= bits ? length : undefined;
}

function networkOfV4(address: number, prefix: number): Range<number> {
  const size = 2 ** (32 - prefix);
  const first = address - (address % size);
  return { first, last: first + size - 1 };
}

function networkOfV6(address: string, prefix: number): Range<string> {
  const whole = prefix >> 2;
  const kept = address.slice(0, whole);
  if (whole === 32) return { first: address, last: address };
  // The digit that the prefix's end may cut through.
  const rest = 15 >> (prefix & 3);
  const digit = Number.parseInt(address.charAt(whole), 16);
  const pad = 31 - whole;
  return {
    first: kept + (digit & ~rest).toString(16) + "0".repeat(pad),
    last: kept + (digit | rest).toString(16) + "f".repeat(pad),
  };
}

/** An IPv4 address as its number, an IPv6 address as 32 hexadecimal digits in lower case. */
function parseAddress(text: string): number | string | undefined {
  if (text.includes(":")) {
    const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
    return parseV6(bare);
  }
  return parseV4(text);
}

/** Four decimal numbers without leading zeros, which some readers take for octal ones. */
function parseV4(text: string): number | undefined {
  let address = 0;
  let number = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x2e) {
      if (number < 0 || ++dots > 3) return undefined;
      address = address * 256 + number;
      number = -1;
    } else {
      if (unit < 0x30 || unit > 0x39 || number === 0) return undefined;
      number = (number < 0 ? 0 : number * 10) + unit - 0x30;
      if (number > 255) return undefined;
    }
  }
  return dots === 3 && number >= 0 ? address * 256 + number : undefined;
}

function parseV6(text: string): string | undefined {
  const gap = text.indexOf("::");
  if (gap < 0) {
    const groups = groupsOf(text, true);
    return groups?.length === 32 ? groups : undefined;
  }
  const before = groupsOf(text.slice(0, gap), false);
  const after = groupsOf(text.slice(gap + 2), true);
  if (before === undefined || after === undefined) return undefined;
  const missing = 32 - before.length - after.length;
  // `::` stands for one group at least.
  return missing < 4 ? undefined : before + "0".repeat(missing) + after;
}

/** The digits of groups divided by `:`; the last may be an IPv4 address where `endsAddress`. */
function groupsOf(text: string, endsAddress: boolean): string | undefined {
  if (text === "") return "";
  const groups = text.split(":");
  let digits = "";
  for (const [i, group] of groups.entries()) {
    if (endsAddress && i === groups.length - 1 && group.includes(".")) {
      const address = parseV4(group);
      if (address === undefined) return undefined;
      digits += address.toString(16).padStart(8, "0");
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return undefined;
      digits += group.toLowerCase().padStart(4, "0");
    }
  }
  return digits;
}
