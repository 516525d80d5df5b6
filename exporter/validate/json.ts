import { type Describe, excerpt } from "./describe.ts";
import { type Fault, joinPath } from "./fault.ts";

/** What a value under a key can be before anyone asks for its schema. */
export type ParsedJson =
  | { readonly is: "object"; readonly value: Record<string, unknown> }
  | { readonly is: "wrong"; readonly fault: Fault };

/** APISIX's JSON reader goes no deeper, and what walks over a value here must come back. */
const MOST_LEVELS = 1000;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Parses the bytes of a value. Keys named `__proto__` are refused, at any depth and in any spelling. */
export function parseJsonObject(bytes: Uint8Array, describe: Describe): ParsedJson {
  const wrong = (found: string, wanted: string, path = ""): ParsedJson => {
    return { is: "wrong", fault: { path, found, wanted } };
  };
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return wrong("bytes that are not UTF-8", "JSON in UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return wrong(notJson(text, error, describe), "a JSON object");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return wrong(describe("", value), "a JSON object");
  }
  if (text.length > 2 * MOST_LEVELS && isDeeper(value, MOST_LEVELS)) {
    return wrong(`more than ${MOST_LEVELS} levels`, `at most ${MOST_LEVELS} levels`);
  }
  // A backslash may spell any letter of the name.
  if (text.includes("__proto__") || text.includes("\\u")) {
    const path = prototypeKey(value, "");
    if (path !== undefined) return wrong("a key named __proto__", "no such key", path);
  }
  return { is: "object", value: value as Record<string, unknown> };
}

/** The parser's own message quotes the text, which may hold secrets; where it stopped is enough. */
function notJson(text: string, error: unknown, describe: Describe): string {
  if (text === "") return "an empty value";
  if (!/^\s*[{[]/.test(text)) return excerpt(describe("", text));
  const position = error instanceof Error ? /position \d+/.exec(error.message)?.[0] : undefined;
  return `text that is not JSON${position ? ` at ${position}` : ""}`;
}

function isDeeper(value: object, levels: number): boolean {
  let level: object[] = [value];
  for (let depth = 0; depth < levels && level.length > 0; depth++) {
    level = level.flatMap((inner) => Object.values(inner).filter(isObject));
  }
  return level.length > 0;
}

function prototypeKey(value: object, path: string): string | undefined {
  for (const [key, inner] of Object.entries(value)) {
    const here = joinPath(path, key);
    if (key === "__proto__") return here;
    const found = isObject(inner) ? prototypeKey(inner, here) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
