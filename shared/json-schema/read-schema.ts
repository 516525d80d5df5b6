import { PcreSyntaxError, PcreUnsupported } from "../expression/pcre.ts";
import { isJsonObject } from "../json-object.ts";
import type { JsonSchema } from "../plugins/json-schema.ts";
import { setField } from "./lua-value.ts";
import { schemaPattern } from "./pattern.ts";

/** What somebody gave as a schema is none, or one that cannot be checked with. */
export class SchemaError extends Error {
  override readonly name = "SchemaError";
}

export interface SchemaReading {
  /** In which references are looked up; the schema itself if left out. */
  readonly root?: unknown;
  /** Turns another dialect's schema into one of ours, one object at a time. */
  readonly adapt?: (schema: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

/**
 * A schema of a configuration, in the drafts 4 to 7, for `checkSchema`: its references (`#/…`) resolved, which
 * may make it a circle, its patterns tried. Throws `SchemaError`.
 */
export function readSchema(schema: unknown, reading: SchemaReading = {}): JsonSchema {
  return new SchemaReader({ root: schema, ...reading }).read(schema);
}

/** How schemas lie in a keyword. */
type Keyword = "schema" | "schemas" | "schema map" | "dependencies" | "items" | "or boolean";

/** Where schemas lie in a schema. */
const INNER: Readonly<Record<string, Keyword>> = {
  properties: "schema map",
  patternProperties: "schema map",
  dependencies: "dependencies",
  items: "items",
  additionalItems: "or boolean",
  additionalProperties: "or boolean",
  contains: "schema",
  not: "schema",
  if: "schema",
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so.
  then: "schema",
  else: "schema",
  allOf: "schemas",
  anyOf: "schemas",
  oneOf: "schemas",
};

const NUMBERS = [
  ...["minProperties", "maxProperties", "minItems", "maxItems", "minLength", "maxLength"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
];
const PLAIN = ["default", "const", "format", "uniqueItems"];

const TYPES = new Set("object array table string number integer boolean null function".split(" "));

type Fields = Readonly<Record<string, unknown>>;

class SchemaReader {
  readonly #root: unknown;
  readonly #adapt: (schema: Fields) => Fields;
  readonly #known = new Map<Fields, JsonSchema>();

  constructor({ root, adapt = (schema) => schema }: SchemaReading) {
    this.#root = root;
    this.#adapt = adapt;
  }

  read(schema: unknown): JsonSchema {
    const target = this.#followed(schema);
    if (target === true) return {};
    if (target === false) return { not: {} };
    const known = this.#known.get(target);
    if (known) return known;
    const read: Record<string, unknown> = {};
    // Before what lies in it: a reference there may lead back to here.
    this.#known.set(target, read);
    const adapted = this.#adapt(target);
    Object.assign(read, ownKeywords(adapted));
    for (const [name, keyword] of Object.entries(INNER)) {
      if (adapted[name] !== undefined) read[name] = this.#inner(name, keyword, adapted[name]);
    }
    return read;
  }

  /** What the schema stands for, where it is a reference; what is beside a reference does not count. */
  #followed(schema: unknown): Fields | boolean {
    const passed = new Set<unknown>();
    for (let target = schema; ; ) {
      if (typeof target === "boolean") return target;
      if (!isJsonObject(target)) throw new SchemaError("a schema must be an object or a boolean");
      const reference = this.#adapt(target).$ref;
      if (reference === undefined) return target;
      if (passed.has(target)) throw new SchemaError(`${reference} refers to itself`);
      passed.add(target);
      target = lookUp(this.#root, reference);
    }
  }

  #inner(name: string, keyword: Keyword, value: unknown): unknown {
    switch (keyword) {
      case "schemas":
        return listOf(name, value).map((one) => this.read(one));
      case "schema map":
        return this.#map(name, value, (one) => this.read(one));
      case "dependencies":
        return this.#map(name, value, (one) => (isTexts(one) ? one : this.read(one)));
      case "items":
        return Array.isArray(value) ? value.map((one) => this.read(one)) : this.read(value);
      case "or boolean":
        return typeof value === "boolean" ? value : this.read(value);
      default:
        return this.read(value);
    }
  }

  #map(name: string, value: unknown, read: (one: unknown) => unknown): Fields {
    if (!isJsonObject(value)) throw new SchemaError(`${name} must be an object`);
    const map: Record<string, unknown> = {};
    for (const [key, one] of Object.entries(value)) {
      if (name === "patternProperties") checkPattern(key);
      setField(map, key, read(one));
    }
    return map;
  }
}

/** The value at a reference such as `#/definitions/a`. Throws `SchemaError`. */
export function lookUp(root: unknown, reference: unknown): unknown {
  if (typeof reference !== "string") throw new SchemaError("a $ref must be a text");
  const cannot = () => new SchemaError(`cannot resolve $ref '${reference}'`);
  if (!reference.startsWith("#")) {
    throw new SchemaError(`external $ref not supported: ${reference}`);
  }
  let found = root;
  for (const step of reference.slice(1).split("/").slice(1)) {
    const name = unescaped(step);
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) throw cannot();
    found = (found as Fields)[name];
  }
  if (/^#[^/]/.test(reference)) throw cannot();
  return found;
}

/** A step of a JSON Pointer in a URL (RFC 6901, section 6). */
function unescaped(step: string): string {
  const plain = /%(?![0-9a-f]{2})/i.test(step) ? step : decodeURIComponent(step);
  return plain.replaceAll("~1", "/").replaceAll("~0", "~");
}

/** Everything in which no schema lies. */
function ownKeywords(schema: Fields): Fields {
  const read: Record<string, unknown> = {};
  const { type, enum: allowed, required, pattern } = schema;
  if (type !== undefined) read.type = checkedType(type);
  if (allowed !== undefined) read.enum = listOf("enum", allowed);
  if (required !== undefined) read.required = checkedRequired(required);
  if (pattern !== undefined) read.pattern = checkPattern(pattern);
  for (const name of NUMBERS) {
    const value = schema[name];
    if (value === undefined) continue;
    if (typeof value !== "number") throw new SchemaError(`${name} must be a number`);
    read[name] = value;
  }
  for (const name of PLAIN) if (schema[name] !== undefined) read[name] = schema[name];
  return read;
}

function checkedType(type: unknown): unknown {
  for (const one of Array.isArray(type) ? type : [type]) {
    if (!TYPES.has(one)) throw new SchemaError(`invalid JSON type: ${JSON.stringify(one)}`);
  }
  return type;
}

/** In draft 3 it was a boolean, which means nothing any more; there are still such schemas about. */
function checkedRequired(required: unknown): readonly string[] | undefined {
  if (typeof required === "boolean") return undefined;
  if (!isTexts(required)) throw new SchemaError("required must be a list of texts");
  return required;
}

function checkPattern(pattern: unknown): string {
  if (typeof pattern !== "string") throw new SchemaError("pattern must be a text");
  try {
    schemaPattern(pattern);
  } catch (error) {
    if (!(error instanceof PcreSyntaxError || error instanceof PcreUnsupported)) throw error;
    throw new SchemaError(`the pattern ${pattern}: ${error.message}`, { cause: error });
  }
  return pattern;
}

function listOf(name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new SchemaError(`${name} must be a list`);
  return value;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
