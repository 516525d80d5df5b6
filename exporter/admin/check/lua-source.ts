/**
 * Whether a text can be Lua, as far as that shows without a compiler: its tokens, and that blocks and
 * brackets close. The words are LuaJIT's.
 */
export function luaSourceFault(source: string): string | undefined {
  const at = (line: number, what: string) => `${chunkName(source)}:${line}: ${what}`;
  const open: Opener[] = [];
  let line = 1;
  for (const token of tokens(source)) {
    if (token.fault !== undefined) return at(line, token.fault);
    const fault = take(token.text, open, line);
    if (fault !== undefined) return at(line, fault);
    line += token.lines;
  }
  const unclosed = open.at(-1);
  return (
    unclosed &&
    at(line, `'${closerOf(unclosed.text)}' expected${since(unclosed, line)} near '<eof>'`)
  );
}

interface Token {
  readonly text: string;
  /** Line breaks in it. */
  readonly lines: number;
  readonly fault?: string;
}

interface Opener {
  readonly text: string;
  readonly line: number;
}

const SPACE_OR_COMMENT = String.raw`\s+|--\[(=*)\[[^]*?\]\1\]|--[^\n]*`;
const LONG_TEXT = String.raw`\[(=*)\[[^]*?\]\2\]`;
const TEXT = String.raw`"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'`;
const WORD = String.raw`[A-Za-z_\x80-\uffff][\w\x80-\uffff]*`;
const NUMBER = String.raw`0[xX][\da-fA-F.]+(?:[pP][+-]?\d+)?[uUlLiI]*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[uUlLiI]*`;
const SIGN = String.raw`\.\.\.|\.\.|[=~<>]=|::|[-+*/%^#<>=(){}[\];:,.]`;
const TOKEN = new RegExp(
  `(?:${SPACE_OR_COMMENT})|${LONG_TEXT}|${TEXT}|${WORD}|${NUMBER}|${SIGN}`,
  "y",
);

function* tokens(source: string): Generator<Token> {
  let at = 0;
  while (at < source.length) {
    TOKEN.lastIndex = at;
    const text = TOKEN.exec(source)?.[0];
    if (text === undefined) {
      const first = source.charAt(at);
      const isText = first === '"' || first === "'";
      const rest = source.slice(at).split("\n", 1)[0] ?? "";
      const what = isText
        ? `unfinished string near '${rest}'`
        : `unexpected symbol near '${first}'`;
      yield { text: first, lines: 0, fault: what };
      return;
    }
    at += text.length;
    yield { text, lines: text.split("\n").length - 1 };
  }
}

const CLOSERS: ReadonlyMap<string, string> = new Map([
  ["function", "end"],
  ["do", "end"],
  ["if", "end"],
  ["repeat", "until"],
  ["(", ")"],
  ["{", "}"],
  ["[", "]"],
  // They wait for their `do` or `then`.
  ["while", "do"],
  ["for", "do"],
]);
const CLOSING = new Set(["end", "until", ")", "}", "]"]);

const closerOf = (opener: string) => CLOSERS.get(opener) ?? "end";

function since({ text, line }: Opener, now: number): string {
  return line === now ? "" : ` (to close '${text}' at line ${line})`;
}

/** Follows blocks and brackets; tells what does not fit. */
function take(token: string, open: Opener[], line: number): string | undefined {
  const inner = open.at(-1);
  if (token === "do" && (inner?.text === "while" || inner?.text === "for")) {
    open[open.length - 1] = { text: "do", line: inner.line };
    return undefined;
  }
  if (CLOSERS.has(token)) {
    open.push({ text: token, line });
    return undefined;
  }
  if (!CLOSING.has(token)) return undefined;
  if (inner === undefined) return `'<eof>' expected near '${token}'`;
  const wanted = closerOf(inner.text);
  if (wanted !== token) return `'${wanted}' expected${since(inner, line)} near '${token}'`;
  open.pop();
  return undefined;
}

const MOST_OF_NAME = 60;

/** How Lua names a chunk that was no file: its first line, shortened. */
function chunkName(source: string): string {
  const [first = "", ...more] = source.split("\n");
  const isShort = more.length === 0 && first.length <= MOST_OF_NAME - 15;
  const shown = isShort ? first : `${first.slice(0, MOST_OF_NAME - 15)}...`;
  return `[string "${shown}"]`;
}
