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
  return unclosed && at(line, `'${unclosed.closer}' expected${since(unclosed, line)} near '<eof>'`);
}

interface Token {
  readonly text: string;
  /** Line breaks in it. */
  readonly lines: number;
  readonly fault?: string;
}

interface Opener {
  readonly text: string;
  readonly closer: string;
  readonly line: number;
}

const SPACE_OR_COMMENT = String.raw`\s+|--[^\n]*`;
const TEXT = String.raw`"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'`;
const WORD = String.raw`[A-Za-z_\x80-\uffff][\w\x80-\uffff]*`;
const NUMBER = String.raw`0[xX][\da-fA-F.]+(?:[pP][+-]?\d+)?[uUlLiI]*|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[uUlLiI]*`;
const SIGN = String.raw`\.\.\.|\.\.|[=~<>]=|::|[-+*/%^#<>=(){}[\];:,.]`;
const TOKEN = new RegExp(`${SPACE_OR_COMMENT}|${TEXT}|${WORD}|${NUMBER}|${SIGN}`, "y");
/** Of a text or comment over several lines, which ends with as many equals signs as it began with. */
const LONG_OPENER = /(--)?\[(=*)\[/y;

function* tokens(source: string): Generator<Token> {
  let at = 0;
  while (at < source.length) {
    const text = longToken(source, at) ?? shortToken(source, at);
    if (text === "") {
      yield { text, lines: 0, fault: "unfinished long string/comment near '<eof>'" };
      return;
    }
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

function shortToken(source: string, at: number): string | undefined {
  TOKEN.lastIndex = at;
  return TOKEN.exec(source)?.[0];
}

/**
 * Empty where it has no end. Looked for and not matched: a pattern would search the rest again from every
 * opener.
 */
function longToken(source: string, at: number): string | undefined {
  LONG_OPENER.lastIndex = at;
  const opener = LONG_OPENER.exec(source);
  if (opener === null) return undefined;
  const closer = `]${opener[2]}]`;
  const end = source.indexOf(closer, LONG_OPENER.lastIndex);
  return end < 0 ? "" : source.slice(at, end + closer.length);
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

/** Lua names the opener only where it stands on another line. */
function since({ text, line }: Opener, now: number): string {
  return line === now ? "" : ` (to close '${text}' at line ${line})`;
}

/** Follows blocks and brackets; tells what does not fit. */
function take(token: string, open: Opener[], line: number): string | undefined {
  const inner = open.at(-1);
  if (token === "do" && inner?.closer === "do") {
    open[open.length - 1] = { ...inner, closer: "end" };
    return undefined;
  }
  const closer = CLOSERS.get(token);
  if (closer !== undefined) {
    open.push({ text: token, closer, line });
    return undefined;
  }
  if (!CLOSING.has(token)) return undefined;
  if (inner === undefined) return `'<eof>' expected near '${token}'`;
  if (inner.closer !== token)
    return `'${inner.closer}' expected${since(inner, line)} near '${token}'`;
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
