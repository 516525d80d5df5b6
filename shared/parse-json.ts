/** The JSON reader of APISIX goes no deeper. */
const MOST_LEVELS = 1000;

export type ParsedJson = { readonly value: unknown } | { readonly fault: string };

/** Reads a text as JSON, or says what is wrong with it in the words of lua-cjson, which APISIX passes on. */
export function parseJson(text: string): ParsedJson {
  const deep = tooDeepAt(text);
  if (deep !== undefined) {
    return {
      fault: `Found too many nested data structures (${MOST_LEVELS + 1}) at character ${deep}`,
    };
  }
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { fault: syntaxFault(text) };
  }
}

/** The place, from 1, of the bracket that goes deeper than any value may. */
function tooDeepAt(text: string): number | undefined {
  let depth = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (isInText && char === "\\") at++;
    else if (char === '"') isInText = !isInText;
    else if (isInText) continue;
    else if (char === "[" || char === "{") depth++;
    else if (char === "]" || char === "}") depth--;
    if (depth > MOST_LEVELS) return at + 1;
  }
  return undefined;
}

type TokenName =
  | "T_OBJ_BEGIN"
  | "T_OBJ_END"
  | "T_ARR_BEGIN"
  | "T_ARR_END"
  | "T_COLON"
  | "T_COMMA"
  | "T_STRING"
  | "T_NUMBER"
  | "T_BOOLEAN"
  | "T_NULL"
  | "T_END"
  | "invalid token";

interface Token {
  readonly name: TokenName;
  /** From 1. */
  readonly at: number;
}

const TOKENS: readonly (readonly [RegExp, TokenName])[] = [
  [/\{/y, "T_OBJ_BEGIN"],
  [/\}/y, "T_OBJ_END"],
  [/\[/y, "T_ARR_BEGIN"],
  [/\]/y, "T_ARR_END"],
  [/:/y, "T_COLON"],
  [/,/y, "T_COMMA"],
  [/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/y, "T_NUMBER"],
  [/true|false/y, "T_BOOLEAN"],
  [/null/y, "T_NULL"],
];

/** The token at or after a place, and where it ends. */
function nextToken(text: string, from: number): { readonly token: Token; readonly end: number } {
  const space = /[ \t\n\r]*/y;
  space.lastIndex = from;
  space.exec(text);
  const start = space.lastIndex;
  if (start >= text.length) return { token: { name: "T_END", at: start + 1 }, end: start };
  const endOfText = text[start] === '"' ? endOfTextAt(text, start) : undefined;
  if (endOfText !== undefined) {
    return { token: { name: "T_STRING", at: start + 1 }, end: endOfText };
  }
  for (const [pattern, name] of TOKENS) {
    pattern.lastIndex = start;
    if (pattern.test(text)) return { token: { name, at: start + 1 }, end: pattern.lastIndex };
  }
  return { token: { name: "invalid token", at: start + 1 }, end: text.length };
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/** Where the text that begins at a quote ends; undefined: nowhere. No pattern is for texts of megabytes. */
function endOfTextAt(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return at + 1;
    if (text[at] !== "\\") continue;
    ESCAPE.lastIndex = at;
    if (!ESCAPE.test(text)) return undefined;
    at = ESCAPE.lastIndex - 1;
  }
  return undefined;
}

type Expected =
  | "value"
  | "object key string"
  | "colon"
  | "comma or object end"
  | "comma or array end"
  | "the end";

/** Where a text that is no JSON stops being any. Levels are on a list, not on the stack. */
function syntaxFault(text: string): string {
  const open: TokenName[] = [];
  let expected: Expected = "value";
  let mayClose = false;
  for (let from = 0; ; ) {
    const { token, end } = nextToken(text, from);
    const next = step(expected, token.name, open, mayClose);
    if (next === undefined)
      return `Expected ${expected} but found ${token.name} at character ${token.at}`;
    // Everything fits: what JavaScript refuses is inside a text, such as a line break.
    if (token.name === "T_END")
      return `Expected value but found invalid token at character ${token.at}`;
    mayClose = token.name === "T_OBJ_BEGIN" || token.name === "T_ARR_BEGIN";
    expected = next;
    from = end;
  }
}

/** What has to follow the token; undefined where it may not stand here. */
function step(
  expected: Expected,
  name: TokenName,
  open: TokenName[],
  mayClose: boolean,
): Expected | undefined {
  const after = (): Expected =>
    open.length === 0
      ? "the end"
      : open.at(-1) === "T_OBJ_BEGIN"
        ? "comma or object end"
        : "comma or array end";
  const close = () => {
    open.pop();
    return after();
  };
  switch (expected) {
    case "value":
      if (name === "T_ARR_END" && mayClose) return close();
      if (name === "T_OBJ_BEGIN" || name === "T_ARR_BEGIN") {
        open.push(name);
        return name === "T_OBJ_BEGIN" ? "object key string" : "value";
      }
      return ["T_STRING", "T_NUMBER", "T_BOOLEAN", "T_NULL"].includes(name) ? after() : undefined;
    case "object key string":
      if (name === "T_OBJ_END" && mayClose) return close();
      return name === "T_STRING" ? "colon" : undefined;
    case "colon":
      return name === "T_COLON" ? "value" : undefined;
    case "comma or object end":
      if (name === "T_OBJ_END") return close();
      return name === "T_COMMA" ? "object key string" : undefined;
    case "comma or array end":
      if (name === "T_ARR_END") return close();
      return name === "T_COMMA" ? "value" : undefined;
    default:
      return name === "T_END" ? "the end" : undefined;
  }
}
