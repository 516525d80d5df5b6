import type { JsonValue } from "../../../shared/expression/variables.ts";

/** Of Lua's expressions those that name, join and choose values; nothing that calls or computes. */
export type LuaExpression =
  | { readonly is: "constant"; readonly value: JsonValue | undefined }
  | { readonly is: "name"; readonly name: string }
  | { readonly is: "index"; readonly of: LuaExpression; readonly by: LuaExpression }
  | { readonly is: "escape"; readonly to: "xml" | "json"; readonly of: LuaExpression }
  | {
      readonly is: "or" | "and" | "concat";
      readonly left: LuaExpression;
      readonly right: LuaExpression;
    };

/** The text is no expression of the kind that can run without Lua. */
export class LuaNeeded extends Error {
  override readonly name = "LuaNeeded";

  constructor(text: string) {
    super(`it has Lua that a Worker cannot run: ${text}`);
  }
}

const NUMBER = /(\d+(?:\.\d+)?)/;
const TEXT = /("(?:[^"\\\n]|\\["'\\nrt])*"|'(?:[^'\\\n]|\\["'\\nrt])*')/;
const WORD = /([A-Za-z_]\w*)/;
const SIGN = /(\.\.(?!\.)|[.[\]()])/;
const ANY = [NUMBER, TEXT, WORD, SIGN].map(({ source }) => source).join("|");
const TOKEN = new RegExp(`\\s*(?:${ANY})\\s*`, "y");

type Token =
  | { readonly is: "number" | "text" | "word" | "sign"; readonly text: string }
  | undefined;

/** Throws `LuaNeeded`. */
export function parseLuaExpression(text: string): LuaExpression {
  return new LuaParser(text).parse();
}

const MOST_LEVELS = 50;
const ESCAPES: ReadonlyMap<string, "xml" | "json"> = new Map([
  ["_escape_xml", "xml"],
  ["_escape_json", "json"],
]);
const CONSTANTS: ReadonlyMap<string, JsonValue | undefined> = new Map<
  string,
  JsonValue | undefined
>([
  ["true", true],
  ["false", false],
  ["nil", undefined],
]);
/** No names: words of the language, and what the templates' own engine or Lua would put there. */
const RESERVED = new Set(
  (
    "and break do else elseif end for function goto if in local not or repeat return then until while " +
    "_multipart template context"
  ).split(" "),
);

class LuaParser {
  readonly #text: string;
  readonly #tokens: readonly NonNullable<Token>[];
  #at = 0;

  constructor(text: string) {
    this.#text = text.trim();
    this.#tokens = [...this.#read()];
  }

  parse(): LuaExpression {
    const expression = this.#or(0);
    if (this.#at < this.#tokens.length) throw new LuaNeeded(this.#text);
    return expression;
  }

  *#read(): Generator<NonNullable<Token>> {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < this.#text.length) {
      const found = TOKEN.exec(this.#text);
      if (!found) throw new LuaNeeded(this.#text);
      const [, number, text, word, sign = ""] = found;
      if (number !== undefined) yield { is: "number", text: number };
      else if (text !== undefined) yield { is: "text", text: unquoted(text) };
      else yield word === undefined ? { is: "sign", text: sign } : { is: "word", text: word };
    }
  }

  #take(is: "word" | "sign", text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.is !== is || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #next(): NonNullable<Token> {
    const token = this.#tokens[this.#at];
    if (!token) throw new LuaNeeded(this.#text);
    this.#at += 1;
    return token;
  }

  #expect(sign: string): void {
    if (!this.#take("sign", sign)) throw new LuaNeeded(this.#text);
  }

  #or(level: number): LuaExpression {
    let left = this.#and(level);
    while (this.#take("word", "or")) left = { is: "or", left, right: this.#and(level) };
    return left;
  }

  #and(level: number): LuaExpression {
    let left = this.#concat(level);
    while (this.#take("word", "and")) left = { is: "and", left, right: this.#concat(level) };
    return left;
  }

  #concat(level: number): LuaExpression {
    if (level > MOST_LEVELS) throw new LuaNeeded(this.#text);
    const left = this.#indexed(level);
    if (!this.#take("sign", "..")) return left;
    return { is: "concat", left, right: this.#concat(level + 1) };
  }

  #indexed(level: number): LuaExpression {
    let of = this.#primary(level);
    for (;;) {
      if (this.#take("sign", ".")) {
        const { is, text } = this.#next();
        if (is !== "word") throw new LuaNeeded(this.#text);
        of = { is: "index", of, by: { is: "constant", value: text } };
      } else if (this.#take("sign", "[")) {
        of = { is: "index", of, by: this.#or(level + 1) };
        this.#expect("]");
      } else return of;
    }
  }

  #primary(level: number): LuaExpression {
    const { is, text } = this.#next();
    if (is === "number") return { is: "constant", value: Number(text) };
    if (is === "text") return { is: "constant", value: text };
    if (is === "sign") {
      if (text !== "(") throw new LuaNeeded(this.#text);
      const inner = this.#or(level + 1);
      this.#expect(")");
      return inner;
    }
    const to = ESCAPES.get(text);
    if (to) {
      this.#expect("(");
      const of = this.#or(level + 1);
      this.#expect(")");
      return { is: "escape", to, of };
    }
    if (CONSTANTS.has(text)) return { is: "constant", value: CONSTANTS.get(text) };
    if (RESERVED.has(text)) throw new LuaNeeded(this.#text);
    return { is: "name", name: text };
  }
}

const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, (_, char: string) => ESCAPED[char] ?? char);
}
