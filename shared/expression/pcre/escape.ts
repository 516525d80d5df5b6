import {
  ALL,
  ByteSet,
  DIGIT,
  HORIZONTAL_SPACE,
  NEWLINE,
  propertySet,
  SPACE,
  VERTICAL_SPACE,
  WORD,
} from "./byte-set.ts";
import type { PatternReader } from "./reader.ts";
import { type Anchor, PcreSyntaxError, PcreUnsupported } from "./syntax.ts";

/** What follows a backslash. */
export type Escape =
  /** `folds`: a single character, which has the other case too where case is ignored. */
  | { readonly is: "set"; readonly set: ByteSet; readonly folds: boolean }
  | { readonly is: "anchor"; readonly at: Anchor }
  | { readonly is: "newline" }
  | { readonly is: "reference"; readonly to: number | string }
  | { readonly is: "nothing" };

const SETS: ReadonlyMap<string, ByteSet> = new Map([
  ["d", DIGIT],
  ["D", DIGIT.complement()],
  ["w", WORD],
  ["W", WORD.complement()],
  ["s", SPACE],
  ["S", SPACE.complement()],
  ["h", HORIZONTAL_SPACE],
  ["H", HORIZONTAL_SPACE.complement()],
  ["v", VERTICAL_SPACE],
  ["V", VERTICAL_SPACE.complement()],
]);

const CHARACTERS: ReadonlyMap<string, number> = new Map([
  ["a", 0x07],
  ["e", 0x1b],
  ["f", 0x0c],
  ["n", 0x0a],
  ["r", 0x0d],
  ["t", 0x09],
]);

const ANCHORS: ReadonlyMap<string, Anchor> = new Map([
  ["A", "start"],
  // A search begins at the start.
  ["G", "start"],
  ["z", "end"],
  ["Z", "end or last newline"],
  ["b", "word boundary"],
  ["B", "no word boundary"],
]);

/** Outside of a class; the backslash, at `offset`, has been taken. `groups` is how many there are so far. */
export function parseEscape(reader: PatternReader, offset: number, groups: number): Escape {
  const shared = parseSharedEscape(reader, offset);
  if (shared) return shared;
  const digits = /^[1-9]\d*/.exec(reader.rest(12))?.[0];
  if (digits !== undefined) {
    const number = Number(digits);
    if (number < 10 || /^[89]/.test(digits) || number <= groups) {
      reader.skip(digits.length);
      return { is: "reference", to: number };
    }
    return { is: "set", set: octal(reader, offset), folds: true };
  }
  const char = reader.next();
  const at = ANCHORS.get(char);
  if (at) return { is: "anchor", at };
  switch (char) {
    case "g":
    case "k":
      return { is: "reference", to: referred(reader, char, groups, offset) };
    case "R":
      return { is: "newline" };
    case "N":
      // `\N{U+41}` is for UTF mode, `\N{2}` has a quantifier.
      if (/^\{(?!\d)/.test(reader.rest(2))) break;
      return { is: "set", set: NEWLINE.complement(), folds: false };
    case "C":
      return { is: "set", set: ALL, folds: false };
    // It moves the beginning of what is found, and nobody asks where that is.
    case "K":
      return { is: "nothing" };
    case "X":
      throw new PcreUnsupported("\\X (an extended grapheme)", offset);
  }
  throw unknownEscape(char, offset);
}

/** Inside a class; undefined: a sign that means nothing there. */
export function parseClassEscape(
  reader: PatternReader,
  offset: number,
): { readonly set: ByteSet; readonly folds: boolean } {
  const shared = parseSharedEscape(reader, offset);
  if (shared) return shared;
  if (reader.take("b")) return { set: ByteSet.one(0x08), folds: true };
  if (/^\d/.test(reader.rest(1))) return { set: octal(reader, offset), folds: true };
  throw unknownEscape(reader.next(), offset);
}

function unknownEscape(char: string, offset: number): PcreSyntaxError {
  if (char === "") return new PcreSyntaxError("\\ at the end of the pattern", offset);
  return new PcreSyntaxError(`unknown escape \\${char}`, offset);
}

/** Escapes that mean the same inside and outside of a class. */
function parseSharedEscape(
  reader: PatternReader,
  offset: number,
): (Escape & { readonly is: "set" }) | undefined {
  const char = reader.rest(1);
  const set = SETS.get(char);
  if (set) {
    reader.skip(1);
    return { is: "set", set, folds: false };
  }
  if (reader.takeMatch(/^[pP]/))
    return { is: "set", set: property(reader, char, offset), folds: false };
  const code = sharedCode(reader, char, offset);
  return code === undefined ? undefined : { is: "set", set: ByteSet.one(code), folds: true };
}

function sharedCode(reader: PatternReader, char: string, offset: number): number | undefined {
  const known = CHARACTERS.get(char);
  if (known !== undefined || (char !== "" && /[^0-9A-Za-z]/.test(char))) {
    reader.skip(1);
    return known ?? char.charCodeAt(0);
  }
  if (reader.take("c")) {
    const control = reader.next();
    if (!/^[ -~]$/.test(control)) throw new PcreSyntaxError("\\c without a character", offset);
    return control.toUpperCase().charCodeAt(0) ^ 0x40;
  }
  const hexadecimal = reader.takeMatch(/^x(?:\{([0-9a-fA-F]+)\}|(?!\{)([0-9a-fA-F]{0,2}))/);
  if (hexadecimal) {
    return byteOf(Number.parseInt(hexadecimal[1] ?? `0${hexadecimal[2]}`, 16), offset);
  }
  const octalDigits = reader.takeMatch(/^(?:o\{([0-7]+)\}|0([0-7]{0,2}))/);
  if (octalDigits)
    return byteOf(Number.parseInt(octalDigits[1] ?? `0${octalDigits[2]}`, 8), offset);
  return undefined;
}

function byteOf(code: number, offset: number): number {
  if (code <= 255) return code;
  throw new PcreSyntaxError("character code point value is too large", offset);
}

/** Up to three octal digits; where there is none, the digit itself. */
function octal(reader: PatternReader, offset: number): ByteSet {
  const found = reader.takeMatch(/^[0-7]{1,3}/);
  if (!found) return ByteSet.one(reader.next().charCodeAt(0));
  return ByteSet.one(byteOf(Number.parseInt(found[0], 8), offset));
}

function property(reader: PatternReader, letter: string, offset: number): ByteSet {
  const found = reader.takeMatch(/^(?:\{(\^?)([^}]*)\}|([A-Z]))/);
  const set = found && propertySet(found[2] ?? found[3] ?? "");
  if (!set) throw new PcreSyntaxError(`unknown property after \\${letter}`, offset);
  return (letter === "P") === (found[1] === "^") ? set : set.complement();
}

/** After `\g` or `\k`: the group's number or name. */
function referred(
  reader: PatternReader,
  letter: "g" | "k",
  groups: number,
  offset: number,
): number | string {
  if (letter === "g") {
    if (reader.looksAt("<") || reader.looksAt("'")) {
      throw new PcreUnsupported("\\g<…> (a group called as a subroutine)", offset);
    }
    const [, braced, plain] = reader.takeMatch(/^(?:\{([+-]?\d+)\}|([+-]?\d+))/) ?? [];
    const number = braced ?? plain;
    if (number !== undefined) {
      const value = Number(number);
      if (/^\d/.test(number)) return value;
      return value < 0 ? groups + 1 + value : groups + value;
    }
  }
  const quoted = letter === "g" ? NAME_IN_BRACES : NAME_IN_QUOTES;
  const found = reader.takeMatch(quoted);
  const name = found?.slice(1).find((part) => part !== undefined);
  if (name === undefined) throw new PcreSyntaxError(`\\${letter} without a group`, offset);
  return name;
}

const NAME_IN_BRACES = /^\{([A-Za-z_]\w*)\}/;
const NAME_IN_QUOTES = /^(?:\{([A-Za-z_]\w*)\}|<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/;
