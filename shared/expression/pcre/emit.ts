import type { ByteSet } from "./byte-set.ts";
import { type Anchor, type Node, PcreUnsupported } from "./syntax.ts";
import { widthOf } from "./widths.ts";

/**
 * The source of a JavaScript expression, without any flag, that finds what `node` finds. Groups that
 * something refers to are named `g` and their number; with `captures` all are.
 */
export function emit(node: Node, captures: boolean): string {
  return new Emitter(captures ? "all" : referencesIn(node)).emit(node, false);
}

const ANCHORS: Readonly<Record<Anchor, string>> = {
  start: "^",
  end: "$",
  "end or last newline": "(?=\\n?$)",
  // Not after a newline that ends the text.
  "line start": "(?:^|(?<=\\n)(?!$))",
  "line end": "(?=\\n|$)",
  "word boundary": "\\b",
  "no word boundary": "\\B",
  "word start": "\\b(?=\\w)",
  "word end": "\\b(?<=\\w)",
};

class Emitter {
  readonly #referred: ReadonlySet<number> | "all";
  #atoms = 0;

  constructor(referred: ReadonlySet<number> | "all") {
    this.#referred = referred;
  }

  /** `behind`: inside a lookbehind, where JavaScript matches from right to left. */
  emit(node: Node, behind: boolean): string {
    switch (node.is) {
      case "set":
        return sourceOf(node.set);
      case "sequence":
        return node.of.map((inner) => this.#part(inner, behind)).join("");
      case "alternatives":
        return node.of.map((branch) => this.emit(branch, behind)).join("|");
      case "group": {
        const inner = this.emit(node.of, behind);
        const isNamed = this.#referred === "all" || this.#referred.has(node.number);
        return isNamed ? `(?<g${node.number}>${inner})` : `(?:${inner})`;
      }
      case "atomic":
        return this.#atomic(this.emit(node.of, behind), node, behind);
      case "look": {
        const sign = `${node.behind ? "<" : ""}${node.negated ? "!" : "="}`;
        return `(?${sign}${this.emit(node.of, node.behind)})`;
      }
      case "repeat": {
        const repeated = `${this.#atom(node.of, behind)}${quantifier(node.min, node.max)}`;
        if (node.mode === "possessive") return this.#atomic(repeated, node, behind);
        return node.mode === "lazy" ? `${repeated}?` : repeated;
      }
      case "anchor":
        return ANCHORS[node.at];
      case "reference":
        if (behind) {
          throw new PcreUnsupported("a reference inside a lookbehind", node.offset);
        }
        if (node.ignoreCase) {
          throw new PcreUnsupported("a reference that ignores case", node.offset);
        }
        return `\\k<g${node.group}>`;
    }
  }

  /** JavaScript's lookaheads do not give back what they took; a reference then takes just that. */
  #atomic(inner: string, node: Node, behind: boolean): string {
    if (behind) {
      // From right to left the reference would come first; of one length it has nothing to give back.
      const { min, max } = widthOf(node);
      if (min !== max) throw new PcreUnsupported("an atomic group inside a lookbehind", 0);
      return `(?:${inner})`;
    }
    const name = `a${++this.#atoms}`;
    return `(?=(?<${name}>${inner}))\\k<${name}>`;
  }

  #part(node: Node, behind: boolean): string {
    const source = this.emit(node, behind);
    return node.is === "alternatives" ? `(?:${source})` : source;
  }

  #atom(node: Node, behind: boolean): string {
    const source = this.emit(node, behind);
    return node.is === "set" || node.is === "group" ? source : `(?:${source})`;
  }
}

function quantifier(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? "*" : min === 1 ? "+" : `{${min},}`;
  if (min === 0 && max === 1) return "?";
  return min === max ? `{${min}}` : `{${min},${max}}`;
}

function sourceOf(set: ByteSet): string {
  const ranges = set.ranges();
  const [only] = ranges;
  if (ranges.length === 1 && only && only[0] === only[1]) return sourceOfByte(only[0]);
  const members = ranges.map(([first, last]) => {
    return first === last ? sourceOfByte(first) : `${sourceOfByte(first)}-${sourceOfByte(last)}`;
  });
  // All bytes, none, and everything between.
  return `[${members.join("")}]`;
}

function sourceOfByte(byte: number): string {
  const char = String.fromCharCode(byte);
  return /\w/.test(char) ? char : `\\x${byte.toString(16).padStart(2, "0")}`;
}

function referencesIn(node: Node): Set<number> {
  const found = new Set<number>();
  const visit = (inner: Node): void => {
    if (inner.is === "reference") found.add(inner.group);
    else if ("of" in inner) for (const part of [inner.of].flat()) visit(part);
  };
  visit(node);
  return found;
}
