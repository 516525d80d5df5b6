import type { Options } from "./options.ts";
import type { PatternReader } from "./reader.ts";
import { PcreSyntaxError, PcreUnsupported } from "./syntax.ts";

/** How a group begins. */
export type GroupHead =
  | { readonly is: "capture"; readonly name?: string; readonly options: Options }
  | { readonly is: "plain" | "atomic"; readonly options: Options }
  | {
      readonly is: "look";
      readonly behind: boolean;
      readonly negated: boolean;
      readonly options: Options;
    }
  /** `(?i)`: the options of what follows. */
  | { readonly is: "options"; readonly options: Options }
  /** `(?P=name)`, with its parenthesis. */
  | { readonly is: "reference"; readonly name: string };

const LOOKS: ReadonlyMap<string, { readonly behind: boolean; readonly negated: boolean }> = new Map(
  [
    ["?=", { behind: false, negated: false }],
    ["?!", { behind: false, negated: true }],
    ["?<=", { behind: true, negated: false }],
    ["?<!", { behind: true, negated: true }],
  ],
);

/** What begins like this means something to PCRE only. */
const UNSUPPORTED: readonly (readonly [begins: RegExp, construct: string])[] = [
  [/^\*/, "(*…) (a verb or an option of PCRE)"],
  [/^\?\|/, "(?|…) (groups that share their numbers)"],
  [/^\?\(/, "(?(…)…) (a condition)"],
  [/^\?(R|[+-]?\d|&|P>)/, "(?R) (recursion)"],
  [/^\?C/, "(?C) (a callout)"],
  [/^\?\*|^\?<\*/, "(?*…) (a look that is not atomic)"],
];

/** The parenthesis, at `offset`, has been taken. */
export function readGroupHead(reader: PatternReader, offset: number, options: Options): GroupHead {
  const name =
    reader.takeMatch(/^\?P?<([A-Za-z_]\w{0,31})>/) ?? reader.takeMatch(/^\?'([A-Za-z_]\w{0,31})'/);
  if (name) return { is: "capture", name: name[1] as string, options };
  const reference = reader.takeMatch(/^\?P=([A-Za-z_]\w*)\)/);
  if (reference) return { is: "reference", name: reference[1] as string };
  if (reader.takeMatch(/^\?:/)) return { is: "plain", options };
  if (reader.takeMatch(/^\?>/)) return { is: "atomic", options };
  for (const [begins, look] of [...LOOKS].toReversed()) {
    if (!reader.looksAt(`${begins}*`) && reader.take(begins))
      return { is: "look", ...look, options };
  }
  const found = UNSUPPORTED.find(([begins]) => begins.test(reader.rest(4)));
  if (found) throw new PcreUnsupported(found[1], offset);
  if (!reader.looksAt("?")) return { is: options.noCapture ? "plain" : "capture", options };
  const switches = reader.takeMatch(/^\?(\^?)([imsxnUJ]*)(?:-([imsxnUJ]*))?([:)])/);
  if (!switches) throw new PcreSyntaxError("unrecognized character after (?", offset);
  const [, reset, on = "", off = "", end] = switches;
  if (reset !== "" && switches[3] !== undefined) {
    throw new PcreSyntaxError("invalid hyphen in option setting", offset);
  }
  if (on.includes("J")) throw new PcreUnsupported("(?J) (groups that share a name)", offset);
  const changed = switched(options, reset !== "", on, off);
  return { is: end === ":" ? "plain" : "options", options: changed };
}

/** `(?^)` switches off what it can, `on` on, `off` off. */
function switched(options: Options, reset: boolean, on: string, off: string): Options {
  const value = (letter: string, before: boolean) => {
    if (off.includes(letter)) return false;
    return on.includes(letter) || (before && !(reset && letter !== "U"));
  };
  return {
    ignoreCase: value("i", options.ignoreCase),
    multiline: value("m", options.multiline),
    dotAll: value("s", options.dotAll),
    extended: value("x", options.extended),
    extendedMore: on.includes("xx") || (value("x", options.extendedMore) && !on.includes("x")),
    noCapture: value("n", options.noCapture),
    ungreedy: value("U", options.ungreedy),
  };
}
