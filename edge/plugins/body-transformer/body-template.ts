import { variableText } from "../../../shared/expression/template.ts";
import type { JsonValue } from "../../../shared/expression/variables.ts";
import { evaluateLua, type TemplateData } from "./evaluate-lua.ts";
import { type LuaExpression, LuaNeeded, parseLuaExpression } from "./lua-expression.ts";

type Part = string | { readonly expression: LuaExpression; readonly isEscaped: boolean };

/** A template of lua-resty-template, as far as it needs no Lua. */
export class BodyTemplate {
  readonly #parts: readonly Part[];

  /** Throws `LuaNeeded`. */
  constructor(text: string) {
    this.#parts = parseParts(text);
  }

  /** Throws `LuaError`, and `BodyNeeded` where a variable does. */
  render(data: TemplateData): string {
    return this.#parts
      .map((part) => {
        if (typeof part === "string") return part;
        const text = outputText(evaluateLua(part.expression, data));
        return part.isEscaped ? escapeHtml(text) : text;
      })
      .join("");
  }
}

/** Beginnings of tags, their ends, and what they are. */
const TAGS: ReadonlyMap<string, { readonly end: string; readonly is: TagKind }> = new Map([
  ["{{", { end: "}}", is: "escaped" }],
  ["{*", { end: "*}", is: "raw" }],
  ["{%", { end: "%}", is: "code" }],
  ["{(", { end: ")}", is: "code" }],
  ["{[", { end: "]}", is: "code" }],
  ["{-", { end: "-}", is: "block" }],
  ["{#", { end: "#}", is: "comment" }],
]);
type TagKind = "escaped" | "raw" | "code" | "block" | "comment";

interface Tag {
  readonly part: Part;
  /** Where the text goes on. */
  readonly after: number;
}

function parseParts(text: string): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (let at = text.indexOf("{"); at >= 0; at = text.indexOf("{", at + 1)) {
    const tag = tagAt(text, at);
    if (!tag) continue;
    const backslashes = text[at - 1] !== "\\" || at === from ? 0 : text[at - 2] === "\\" ? 2 : 1;
    // One makes the tag a text, of two one is a text.
    parts.push(text.slice(from, backslashes === 0 ? at : at - 1));
    from = at;
    if (backslashes === 1) continue;
    const { part, after } = tag();
    parts.push(part);
    from = after;
    at = after - 1;
  }
  return [...parts, text.slice(from)].filter((part) => part !== "");
}

/** Undefined: it is no tag, or has no end. What is made of it throws `LuaNeeded`. */
function tagAt(text: string, at: number): (() => Tag) | undefined {
  const kind = TAGS.get(text.slice(at, at + 2));
  const end = kind ? text.indexOf(kind.end, at + 2) : -1;
  if (!kind || end < 0) return undefined;
  const inner = text.slice(at + 2, end);
  const after = end + 2;
  switch (kind.is) {
    case "escaped":
    case "raw": {
      const isEscaped = kind.is === "escaped";
      return () => ({ part: { expression: parseLuaExpression(inner), isEscaped }, after });
    }
    case "code":
      return () => {
        throw new LuaNeeded(text.slice(at, after));
      };
    case "comment":
      return () => ({ part: "", after: afterLineEnd(text, after) });
    case "block":
      return blockAt(text, at, inner, after);
  }
}

/** `{-raw-}…{-raw-}`: what is between is a text, whatever it looks like. */
function blockAt(text: string, at: number, inner: string, after: number): (() => Tag) | undefined {
  const tag = text.slice(at, after);
  const end = text.indexOf(tag, after);
  if (end < 0) return undefined;
  return () => {
    if (inner.trim() !== "raw" && inner.trim() !== "verbatim") throw new LuaNeeded(tag);
    const part = text.slice(after, end);
    return { part, after: afterLineEnd(text, end + tag.length) };
  };
}

function afterLineEnd(text: string, at: number): number {
  return text[at] === "\n" ? at + 1 : at;
}

/** Of a table Lua would tell the place in memory. */
function outputText(value: JsonValue | undefined): string {
  return value === undefined || value === null ? "" : variableText(value);
}

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "/": "&#47;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"'/]/g, (char) => HTML_ENTITIES[char] ?? char);
}
