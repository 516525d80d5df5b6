import type { ByteSet } from "./byte-set.ts";

/** A parsed pattern. Options are worked into it: a set knows its cases, an anchor its lines. */
export type Node =
  | { readonly is: "set"; readonly set: ByteSet }
  | { readonly is: "sequence"; readonly of: readonly Node[] }
  | { readonly is: "alternatives"; readonly of: readonly Node[] }
  | { readonly is: "group"; readonly number: number; readonly of: Node }
  | { readonly is: "atomic"; readonly of: Node }
  | Look
  | Repeat
  | { readonly is: "anchor"; readonly at: Anchor }
  | Reference;

export interface Look {
  readonly is: "look";
  readonly behind: boolean;
  readonly negated: boolean;
  readonly of: Node;
  /** Where in the pattern it begins, in bytes. */
  readonly offset: number;
}

export interface Repeat {
  readonly is: "repeat";
  readonly of: Node;
  readonly min: number;
  /** Infinity where there is no limit. */
  readonly max: number;
  readonly mode: "greedy" | "lazy" | "possessive";
}

export interface Reference {
  readonly is: "reference";
  readonly group: number;
  readonly ignoreCase: boolean;
  readonly offset: number;
}

export type Anchor =
  | "start"
  | "end"
  | "end or last newline"
  | "line start"
  | "line end"
  | "word boundary"
  | "word start"
  | "word end"
  | "no word boundary";

export const EMPTY: Node = { is: "sequence", of: [] };

/** PCRE would refuse the pattern as well; APISIX lets it match nothing. */
export class PcreSyntaxError extends Error {
  override readonly name = "PcreSyntaxError";
  readonly offset: number;

  constructor(reason: string, offset: number) {
    super(`${reason} at ${offset}`);
    this.offset = offset;
  }
}

/** PCRE takes the construct and JavaScript has nothing like it. */
export class PcreUnsupported extends Error {
  override readonly name = "PcreUnsupported";
  readonly construct: string;
  readonly offset: number;

  constructor(construct: string, offset: number) {
    super(`${construct} at ${offset}`);
    this.construct = construct;
    this.offset = offset;
  }
}
