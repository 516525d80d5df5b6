import { ALL, ByteSet, NEWLINE, VERTICAL_SPACE } from "./byte-set.ts";
import { parseClass } from "./class.ts";
import { type Escape, parseEscape } from "./escape.ts";
import { type GroupHead, readGroupHead } from "./group-head.ts";
import { Groups } from "./groups.ts";
import { NO_OPTIONS, type Options } from "./options.ts";
import { PatternReader } from "./reader.ts";
import { EMPTY, type Node, PcreSyntaxError, PcreUnsupported } from "./syntax.ts";
import { widthOf } from "./widths.ts";

/** PCRE's own limit. */
const MOST_LEVELS = 250;
const MOST_REPEATS = 65_535;

/** `pattern` as bytes, one character each. Throws `PcreSyntaxError`, `PcreUnsupported`. */
export function parsePattern(pattern: string, options: Partial<Options>): Node {
  const parser = new Parser(new PatternReader(pattern));
  return parser.parse({ ...NO_OPTIONS, ...options });
}

class Parser {
  readonly #reader: PatternReader;
  readonly #groups = new Groups();

  constructor(reader: PatternReader) {
    this.#reader = reader;
  }

  parse(options: Options): Node {
    const node = this.#parseAlternatives(options, 0);
    if (!this.#reader.atEnd) throw new PcreSyntaxError("unmatched )", this.#reader.offset);
    this.#groups.check(node);
    return node;
  }

  /** Up to the group's end, which is left there. An option set on the way holds to that end. */
  #parseAlternatives(options: Options, level: number): Node {
    if (level > MOST_LEVELS) {
      throw new PcreSyntaxError("parentheses are too deeply nested", this.#reader.offset);
    }
    const branches: Node[] = [];
    let current = options;
    let items: Node[] = [];
    for (;;) {
      this.#reader.beginItem();
      if (this.#reader.atEnd || this.#reader.looksAt(")")) break;
      if (this.#reader.take("|")) {
        branches.push(sequenceOf(items));
        items = [];
        continue;
      }
      const part = this.#parsePart(current, level);
      if ("options" in part) current = part.options;
      else items.push(part.node);
    }
    branches.push(sequenceOf(items));
    return branches.length === 1 ? (branches[0] as Node) : { is: "alternatives", of: branches };
  }

  /** One item with its quantifier, or a change of options; comments are empty items. */
  #parsePart(options: Options, level: number): { node: Node } | { options: Options } {
    const reader = this.#reader;
    const offset = reader.offset;
    if (reader.quoting)
      return { node: this.#quantified(this.#literal(reader.next(), options), options) };
    if (reader.skipIgnored(options.extended)) return { node: EMPTY };
    if (this.#atQuantifier()) {
      throw new PcreSyntaxError("quantifier does not follow a repeatable item", offset);
    }
    const char = reader.next();
    switch (char) {
      case "(": {
        const head = readGroupHead(reader, offset, options);
        if (head.is === "options") return { options: head.options };
        return { node: this.#parseGroup(head, options, offset, level) };
      }
      case "[": {
        const found = parseClass(reader, offset, options);
        if (!("at" in found)) return { node: this.#quantified({ is: "set", set: found }, options) };
        if (this.#atQuantifier()) {
          throw new PcreUnsupported("[[:<:]] or [[:>:]] with a quantifier", offset);
        }
        return { node: { is: "anchor", at: found.at } };
      }
      case "\\":
        return {
          node: this.#escaped(parseEscape(reader, offset, this.#groups.count), options, offset),
        };
      case "^":
        return { node: { is: "anchor", at: options.multiline ? "line start" : "start" } };
      case "$":
        return {
          node: { is: "anchor", at: options.multiline ? "line end" : "end or last newline" },
        };
      case ".": {
        const set = options.dotAll ? ALL : NEWLINE.complement();
        return { node: this.#quantified({ is: "set", set }, options) };
      }
      default:
        return { node: this.#quantified(this.#literal(char, options), options) };
    }
  }

  #literal(char: string, { ignoreCase }: Options): Node {
    const set = ByteSet.one(char.charCodeAt(0));
    return { is: "set", set: ignoreCase ? set.ignoringCase() : set };
  }

  #escaped(escaped: Escape, options: Options, offset: number): Node {
    switch (escaped.is) {
      case "nothing":
        return EMPTY;
      case "anchor":
        return escaped;
      case "newline":
        return this.#quantified(ANY_NEWLINE, options);
      case "set": {
        const set = options.ignoreCase && escaped.folds ? escaped.set.ignoringCase() : escaped.set;
        return this.#quantified({ is: "set", set }, options);
      }
      case "reference": {
        const group = this.#groups.numberOf(escaped.to, offset);
        const { ignoreCase } = options;
        return this.#quantified({ is: "reference", group, ignoreCase, offset }, options);
      }
    }
  }

  #parseGroup(
    head: Exclude<GroupHead, { is: "options" }>,
    outer: Options,
    offset: number,
    level: number,
  ): Node {
    const reader = this.#reader;
    if (head.is === "reference") {
      const group = this.#groups.numberOf(head.name, offset);
      const { ignoreCase } = outer;
      return this.#quantified({ is: "reference", group, ignoreCase, offset }, outer);
    }
    const number = head.is === "capture" ? this.#groups.add(head.name, offset) : 0;
    const of = this.#parseAlternatives(head.options, level + 1);
    if (!reader.take(")")) throw new PcreSyntaxError("missing closing parenthesis", reader.offset);
    switch (head.is) {
      case "capture":
        return this.#quantified({ is: "group", number, of }, outer);
      case "atomic":
        return this.#quantified({ is: "atomic", of }, outer);
      case "look": {
        const { behind, negated } = head;
        if (behind && widthOf(of).max === Number.POSITIVE_INFINITY) {
          throw new PcreSyntaxError("length of lookbehind assertion is not limited", offset);
        }
        return this.#quantified({ is: "look", behind, negated, of, offset }, outer);
      }
      case "plain":
        return this.#quantified(of, outer);
    }
  }

  #atQuantifier(): boolean {
    const { rest } = this.#reader;
    return /^[*+?]/.test(rest(1)) || QUANTIFIER.test(rest(COUNT_CHARACTERS));
  }

  #quantified(of: Node, options: Options): Node {
    const reader = this.#reader;
    reader.skipAllIgnored(options.extended);
    if (reader.quoting || !this.#atQuantifier()) return of;
    const offset = reader.offset;
    const [min, max] = this.#quantifier(offset);
    if (min > max) throw new PcreSyntaxError("numbers out of order in {} quantifier", offset);
    if (reader.take("+")) return { is: "repeat", of, min, max, mode: "possessive" };
    const lazy = reader.take("?") !== options.ungreedy;
    return { is: "repeat", of, min, max, mode: lazy ? "lazy" : "greedy" };
  }

  #quantifier(offset: number): [min: number, max: number] {
    const reader = this.#reader;
    if (reader.take("*")) return [0, Number.POSITIVE_INFINITY];
    if (reader.take("+")) return [1, Number.POSITIVE_INFINITY];
    if (reader.take("?")) return [0, 1];
    const [whole = "", low, comma, high] = QUANTIFIER.exec(reader.rest(COUNT_CHARACTERS)) ?? [];
    reader.skip(whole.length);
    const min = Number(low);
    const max = comma === undefined ? min : high === "" ? Number.POSITIVE_INFINITY : Number(high);
    if (min > MOST_REPEATS || (max > MOST_REPEATS && Number.isFinite(max))) {
      throw new PcreSyntaxError("number too big in {} quantifier", offset);
    }
    return [min, max];
  }
}

/** Longer than any count that is not too big. */
const COUNT_CHARACTERS = 40;
const QUANTIFIER = /^\{(\d+)(?:(,)(\d*))?\}/;

/** `\R`; what it took it does not give back. */
const ANY_NEWLINE: Node = {
  is: "atomic",
  of: {
    is: "alternatives",
    of: [
      {
        is: "sequence",
        of: [
          { is: "set", set: ByteSet.one(0x0d) },
          { is: "set", set: NEWLINE },
        ],
      },
      { is: "set", set: VERTICAL_SPACE },
    ],
  },
};

function sequenceOf(items: readonly Node[]): Node {
  const real = items.filter((item) => item !== EMPTY);
  return real.length === 1 ? (real[0] as Node) : { is: "sequence", of: real };
}
