import { byteString, textOfByteString } from "../routing/uri-bytes.ts";
import { compilePcre, PcreSyntaxError, PcreUnsupported } from "./pcre.ts";

/** What the groups of a match took, by number; 0 is the whole. One that took nothing is absent. */
export type Captures = ReadonlyMap<number, string>;

/**
 * A pattern and what is put in the place of what it finds, as `ngx.re.sub` and `gsub` do it: `$1` and
 * `${1}` are what a group took, `$$` is a dollar.
 */
export class Substitution {
  readonly #first: RegExp;
  readonly #every: RegExp;
  readonly #replacement: readonly (string | number)[];

  /**
   * `options` as OpenResty takes them. Throws `PcreSyntaxError` and `PcreUnsupported`, the latter also for
   * an option that JavaScript has nothing like.
   */
  constructor(pattern: string, replacement: string, options = "jo") {
    const { isAnchored, ...parsed } = parseOptions(options);
    const flags = isAnchored ? "gy" : "g";
    // Of its own, since `lastIndex` is its state.
    this.#first = compilePcre(pattern, { ...parsed, captures: true, flags });
    this.#every = new RegExp(this.#first.source, flags);
    this.#replacement = parseReplacement(byteString(replacement));
  }

  /** What the first match took; undefined: there is none. */
  match(text: string): Captures | undefined {
    const found = this.#find(byteString(text));
    if (!found) return undefined;
    const texts = [...capturesOf(found)].map(([n, bytes]) => [n, textOfByteString(bytes)] as const);
    return new Map(texts);
  }

  /** The text with its first match replaced; undefined: there is none. */
  replaceFirst(text: string): string | undefined {
    const replaced = this.replaceFirstBytes(byteString(text));
    return replaced === undefined ? undefined : textOfByteString(replaced);
  }

  /** As `replaceFirst`, of a byte string. */
  replaceFirstBytes(bytes: string): string | undefined {
    const found = this.#find(bytes);
    if (!found) return undefined;
    const after = bytes.slice(found.index + found[0].length);
    return bytes.slice(0, found.index) + this.#filled(capturesOf(found)) + after;
  }

  /** A byte string with every match replaced. */
  replaceAllBytes(bytes: string): string {
    const parts: string[] = [];
    let from = 0;
    for (const found of bytes.matchAll(this.#every)) {
      parts.push(bytes.slice(from, found.index), this.#filled(capturesOf(found)));
      from = found.index + found[0].length;
    }
    return parts.join("") + bytes.slice(from);
  }

  #find(bytes: string): RegExpExecArray | null {
    this.#first.lastIndex = 0;
    return this.#first.exec(bytes);
  }

  #filled(captures: Captures): string {
    return this.#replacement
      .map((part) => (typeof part === "string" ? part : (captures.get(part) ?? "")))
      .join("");
  }
}

function capturesOf(found: RegExpExecArray): Captures {
  const captures = new Map([[0, found[0]]]);
  for (const [name, bytes] of Object.entries(found.groups ?? {})) {
    // Others are the translation's own.
    if (name.startsWith("g") && bytes !== undefined) captures.set(Number(name.slice(1)), bytes);
  }
  return captures;
}

interface ParsedOptions {
  readonly isAnchored: boolean;
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly extended: boolean;
}

/** Options that only say how PCRE works, or allow patterns that are of no use here. */
const OF_NO_EFFECT = "joDJ";
const OF_EFFECT = "aimsx";

function parseOptions(options: string): ParsedOptions {
  for (const option of options) {
    if (`${OF_EFFECT}${OF_NO_EFFECT}`.includes(option)) continue;
    throw new PcreUnsupported(`the option ${option}`, 0);
  }
  return {
    isAnchored: options.includes("a"),
    ignoreCase: options.includes("i"),
    multiline: options.includes("m"),
    dotAll: options.includes("s"),
    extended: options.includes("x"),
  };
}

const PART = /\$(?:(\$)|(\d+)|\{(\d+)\}|([\s\S]?))|[^$]+/g;

/** Text, and numbers of groups. Throws `PcreSyntaxError` for what OpenResty refuses. */
function parseReplacement(bytes: string): readonly (string | number)[] {
  return [...bytes.matchAll(PART)].map((found) => {
    const [whole, dollar, bare, braced, other] = found;
    if (other !== undefined) {
      throw new PcreSyntaxError("a $ in the replacement that names no group", found.index);
    }
    if (dollar !== undefined) return "$";
    const number = bare ?? braced;
    return number === undefined ? whole : Number(number);
  });
}
