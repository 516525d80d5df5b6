import { type Describe, excerpt } from "./describe.ts";
import { type Fault, joinPath } from "./fault.ts";

/** What a value under a key can be before anyone asks for its schema. */
export type ParsedJson =
  | { readonly is: "object"; readonly value: Record<string, unknown> }
  | { readonly is: "wrong"; readonly fault: Fault };

/** APISIX's JSON reader goes no deeper, and what walks over a value here must come back. */
const MOST_LEVELS = 1000;
const MOST_SHOWN_LEVELS = 16;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Parses the bytes of a value, and finds what JSON allows but nothing here may meet. */
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
  const misfit = misfitOf(value);
  if (misfit) return { is: "wrong", fault: misfit };
  return { is: "object", value: value as Record<string, unknown> };
}

/** What JSON allows but nothing here may meet: the first of it. */
export function misfitOf(value: unknown): Fault | undefined {
  const misfit = findMisfit(value, 1);
  if (!misfit) return undefined;
  const { found, wanted, way } = misfit;
  return { path: way.reduceRight(joinPath, ""), found, wanted };
}

/** The parser's own message quotes the text, which may hold secrets; where it stopped is enough. */
function notJson(text: string, error: unknown, describe: Describe): string {
  if (text === "") return "an empty value";
  if (!/^\s*[{[]/.test(text)) return excerpt(describe("", text));
  const position = error instanceof Error ? /position \d+/.exec(error.message)?.[0] : undefined;
  return `text that is not JSON${position ? ` at ${position}` : ""}`;
}

/** Something that JSON can say but that no value here may hold; `way` leads to it, last step first. */
interface Misfit {
  readonly way: string[];
  readonly found: string;
  readonly wanted: string;
}

function findMisfit(value: unknown, level: number): Misfit | undefined {
  // 1e999 is read as Infinity, and would be written as null.
  if (typeof value === "number" && !Number.isFinite(value)) {
    return { way: [], found: "a number too large", wanted: "at most 1.7e308" };
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (level > MOST_LEVELS) {
    return { way: [], found: `level ${level}`, wanted: `at most ${MOST_LEVELS} levels` };
  }
  for (const [key, inner] of Object.entries(value)) {
    if (key === "__proto__") {
      return { way: [key], found: "a field named __proto__", wanted: "no such field" };
    }
    const misfit = findMisfit(inner, level + 1);
    if (misfit) {
      // A path to the depths would be longer than anyone reads.
      if (level <= MOST_SHOWN_LEVELS) misfit.way.push(key);
      else misfit.way.length = 0;
      return misfit;
    }
  }
  return undefined;
}
