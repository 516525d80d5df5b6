import { variableText } from "../../../shared/expression/template.ts";
import type { JsonValue, Variables } from "../../../shared/expression/variables.ts";
import type { LuaExpression } from "./lua-expression.ts";

/** What a template may name. */
export interface TemplateData {
  /** What was read from the body, or the arguments. */
  readonly fields: Readonly<Record<string, JsonValue>>;
  readonly body: string | undefined;
  readonly variables: Variables;
}

/** What Lua would call an error, in its words. */
export class LuaError extends Error {
  override readonly name = "LuaError";
}

type Value = JsonValue | undefined;
/** `_ctx` and `_ctx.var`, of which only the latter has anything; no value of a body is a symbol. */
const CTX = Symbol("_ctx");
const CTX_VAR = Symbol("_ctx.var");
type Place = typeof CTX | typeof CTX_VAR;

/** Undefined is Lua's nil. Throws `LuaError`, and `BodyNeeded` where a variable does. */
export function evaluateLua(expression: LuaExpression, data: TemplateData): Value {
  const value = evaluated(expression, data);
  return isPlace(value) ? undefined : value;
}

function evaluated(expression: LuaExpression, data: TemplateData): Value | Place {
  switch (expression.is) {
    case "constant":
      return expression.value;
    case "name":
      return named(expression.name, data);
    case "index":
      return indexed(evaluated(expression.of, data), evaluateLua(expression.by, data), data);
    case "escape":
      return escaped(expression.to, evaluateLua(expression.of, data));
    case "or": {
      const left = evaluated(expression.left, data);
      return isTrue(left) ? left : evaluated(expression.right, data);
    }
    case "and": {
      const left = evaluated(expression.left, data);
      return isTrue(left) ? evaluated(expression.right, data) : left;
    }
    case "concat":
      return (
        joinable(evaluateLua(expression.left, data)) + joinable(evaluateLua(expression.right, data))
      );
  }
}

/** A field of the body must not stand in for what the gateway tells. */
function named(name: string, { fields, body }: TemplateData): Value | Place {
  if (name === "_ctx") return CTX;
  if (name === "_body") return body;
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function indexed(of: Value | Place, by: Value, { variables }: TemplateData): Value | Place {
  if (of === CTX_VAR) return variables.get(String(by));
  if (of === CTX) return by === "var" ? CTX_VAR : undefined;
  if (typeof of === "string") return undefined;
  if (typeof of !== "object" || of === null) {
    throw new LuaError(`attempt to index a ${typeName(of)} value (${String(by)})`);
  }
  if (isList(of)) return typeof by === "number" ? of[by - 1] : undefined;
  const name = String(by);
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

function escaped(to: "xml" | "json", value: Value): string {
  if (to === "json") return JSON.stringify(value ?? null);
  if (typeof value !== "string" && typeof value !== "number") {
    throw new LuaError(`attempt to index a ${typeName(value)} value (_escape_xml)`);
  }
  return variableText(value).replace(/[&<>'"]/g, (char) => XML_ENTITIES[char] ?? char);
}

const XML_ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  '"': "&quot;",
};

function joinable(value: Value): string {
  if (typeof value === "string" || typeof value === "number") return variableText(value);
  throw new LuaError(`attempt to concatenate a ${typeName(value)} value`);
}

function isTrue(value: Value | Place): boolean {
  return value !== undefined && value !== false;
}

function isPlace(value: Value | Place): value is Place {
  return typeof value === "symbol";
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function typeName(value: Value): string {
  if (value === undefined) return "nil";
  if (value === null) return "userdata";
  return typeof value === "object" ? "table" : typeof value;
}
