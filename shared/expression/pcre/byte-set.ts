const WORDS = 8;

/** A set of bytes: what one character of a pattern may match. APISIX matches bytes, not characters. */
export class ByteSet {
  readonly #words: Uint32Array;

  constructor(words: Uint32Array) {
    this.#words = words;
  }

  /** Of ranges, both ends included: `of(0x61, 0x7a)` are the small letters. */
  static of(...ends: readonly number[]): ByteSet {
    const words = new Uint32Array(WORDS);
    for (let i = 0; i < ends.length; i += 2) {
      const last = ends[i + 1] as number;
      for (let byte = ends[i] as number; byte <= last; byte++) {
        words[byte >> 5] = (words[byte >> 5] as number) | (1 << (byte & 31));
      }
    }
    return new ByteSet(words);
  }

  static one(byte: number): ByteSet {
    return ByteSet.of(byte, byte);
  }

  has(byte: number): boolean {
    return ((this.#words[byte >> 5] as number) & (1 << (byte & 31))) !== 0;
  }

  union(other: ByteSet): ByteSet {
    return new ByteSet(this.#words.map((word, i) => word | (other.#words[i] as number)));
  }

  complement(): ByteSet {
    return new ByteSet(this.#words.map((word) => ~word));
  }

  meets(other: ByteSet): boolean {
    return this.#words.some((word, i) => (word & (other.#words[i] as number)) !== 0);
  }

  /** With the other case of every ASCII letter in it. Bytes beyond ASCII have no case. */
  ignoringCase(): ByteSet {
    let result: ByteSet = this;
    for (let upper = 0x41; upper <= 0x5a; upper++) {
      const lower = upper | 0x20;
      if (this.has(upper) !== this.has(lower)) {
        result = result.union(ByteSet.of(upper, upper, lower, lower));
      }
    }
    return result;
  }

  /** First and last byte of every run, in order. */
  ranges(): [first: number, last: number][] {
    const result: [number, number][] = [];
    for (let byte = 0; byte < 256; byte++) {
      if (!this.has(byte)) continue;
      const run = result.at(-1);
      if (run && run[1] === byte - 1) run[1] = byte;
      else result.push([byte, byte]);
    }
    return result;
  }
}

export const ALL = ByteSet.of(0, 255);
export const NEWLINE = ByteSet.one(0x0a);
export const DIGIT = ByteSet.of(0x30, 0x39);
export const WORD = ByteSet.of(0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a);
export const SPACE = ByteSet.of(0x09, 0x0d, 0x20, 0x20);
export const HORIZONTAL_SPACE = ByteSet.of(0x09, 0x09, 0x20, 0x20, 0xa0, 0xa0);
export const VERTICAL_SPACE = ByteSet.of(0x0a, 0x0d, 0x85, 0x85);

/** The classes of `[[:name:]]`, as they are in C's own locale. */
export const POSIX_CLASSES: ReadonlyMap<string, ByteSet> = new Map([
  ["alpha", ByteSet.of(0x41, 0x5a, 0x61, 0x7a)],
  ["lower", ByteSet.of(0x61, 0x7a)],
  ["upper", ByteSet.of(0x41, 0x5a)],
  ["alnum", ByteSet.of(0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a)],
  ["ascii", ByteSet.of(0x00, 0x7f)],
  ["blank", ByteSet.of(0x09, 0x09, 0x20, 0x20)],
  ["cntrl", ByteSet.of(0x00, 0x1f, 0x7f, 0x7f)],
  ["digit", DIGIT],
  ["graph", ByteSet.of(0x21, 0x7e)],
  ["print", ByteSet.of(0x20, 0x7e)],
  ["punct", ByteSet.of(0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e)],
  ["space", SPACE],
  ["word", WORD],
  ["xdigit", ByteSet.of(0x30, 0x39, 0x41, 0x46, 0x61, 0x66)],
]);

/** `\p{name}` among the first 256 characters, all that a byte can be. Undefined: no such property. */
export function propertySet(name: string): ByteSet | undefined {
  const plain = name.replaceAll(/[ _-]/g, "").toLowerCase();
  const special = SPECIAL_PROPERTIES.get(plain);
  if (special) return special;
  const proper = plain.charAt(0).toUpperCase() + plain.slice(1);
  for (const property of [proper, `Script=${proper}`, name, `Script=${name}`]) {
    const known = compileProperty(property);
    if (!known) continue;
    const ends = Array.from({ length: 256 }, (_, byte) => byte)
      .filter((byte) => known.test(String.fromCharCode(byte)))
      .flatMap((byte) => [byte, byte]);
    return ByteSet.of(...ends);
  }
  return undefined;
}

const XSPACE = SPACE.union(ByteSet.of(0x85, 0x85, 0xa0, 0xa0));
const LATIN_LETTERS = ByteSet.of(0x41, 0x5a, 0x61, 0x7a, 0xb5, 0xb5, 0xc0, 0xd6, 0xd8, 0xf6);
const XALNUM = LATIN_LETTERS.union(
  ByteSet.of(0x30, 0x39, 0xaa, 0xaa, 0xb2, 0xb3, 0xb9, 0xba, 0xbc, 0xbe, 0xf8, 0xff),
);

/** Properties that PCRE has and JavaScript has not. */
const SPECIAL_PROPERTIES: ReadonlyMap<string, ByteSet> = new Map([
  ["any", ALL],
  ["l&", LATIN_LETTERS.union(ByteSet.of(0xf8, 0xff))],
  ["xan", XALNUM],
  ["xsp", XSPACE],
  ["xps", XSPACE],
  ["xwd", XALNUM.union(ByteSet.one(0x5f))],
  ["xuc", ByteSet.of(0x24, 0x24, 0x40, 0x40, 0x60, 0x60, 0xa0, 0xff)],
]);

/** JavaScript tells only by throwing whether it knows a property. */
function compileProperty(property: string): RegExp | undefined {
  if (!/^[\w=]+$/.test(property)) return undefined;
  try {
    return new RegExp(`\\p{${property}}`, "u");
  } catch {
    return undefined;
  }
}
