import { isJsonObject } from "../../../shared/json-object.ts";
import { lookUp, SchemaError } from "../../../shared/json-schema/read-schema.ts";
import { parseJson } from "../../../shared/parse-json.ts";
import type { OpenApiVersion } from "./dialect.ts";
import { compileOperation, type Operation } from "./operation.ts";
import { type PathTemplate, parseTemplate } from "./path-template.ts";

/** What a request's method and path lead to. */
export interface FoundOperation {
  readonly operation: Operation;
  readonly pathParameters: ReadonlyMap<string, string>;
}

const METHODS = ["get", "post", "put", "delete", "patch", "head", "options", "trace"];

/** One method of one path, compiled when it is first asked for: documents are large. */
interface Entry {
  readonly template: PathTemplate;
  readonly compile: () => Operation;
}

/** An OpenAPI 3 document, ready to find operations in. */
export class ApiDocument {
  readonly #entries = new Map<string, Entry[]>();

  /** Throws `SchemaError` for what is no such document. */
  constructor(text: string) {
    const parsed = parseJson(text);
    if ("fault" in parsed) throw new SchemaError(`failed to parse spec: ${parsed.fault}`);
    const document = parsed.value;
    if (!isJsonObject(document)) throw new SchemaError("the spec is no JSON object");
    const version = versionOf(document.openapi);
    for (const [path, given] of Object.entries(objectOf(document.paths ?? {}))) {
      this.#addPath(parseTemplate(path), objectOf(followed(document, given)), {
        document,
        version,
      });
    }
    for (const entries of this.#entries.values()) {
      entries.sort((a, b) => (a.template.rank < b.template.rank ? -1 : 1));
    }
  }

  /**
   * Undefined: the document has no such operation. Throws `SchemaError` where it has, but no request can be
   * held against it.
   */
  find(method: string, path: string): FoundOperation | undefined {
    const plain = path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
    for (const { template, compile } of this.#entries.get(method) ?? []) {
      const pathParameters = template.match(plain);
      if (pathParameters) return { operation: compile(), pathParameters };
    }
    return undefined;
  }

  #addPath(template: PathTemplate, item: Fields, site: DocumentSite): void {
    for (const name of METHODS) {
      const given = item[name];
      if (given === undefined) continue;
      const method = name.toUpperCase();
      const entries = this.#entries.get(method) ?? [];
      this.#entries.set(method, entries);
      let compiled: Operation | undefined;
      const compile = () => {
        compiled ??= compileOperation(objectOf(given), listOf(item.parameters), site);
        return compiled;
      };
      entries.push({ template, compile });
    }
  }
}

export type Fields = Readonly<Record<string, unknown>>;

export interface DocumentSite {
  readonly document: Fields;
  readonly version: OpenApiVersion;
}

function versionOf(version: unknown): OpenApiVersion {
  if (typeof version !== "string") throw new SchemaError("missing or invalid 'openapi' field");
  if (version.startsWith("3.0")) return "3.0";
  if (version.startsWith("3.1")) return "3.1";
  throw new SchemaError(`unsupported OpenAPI version: ${version}`);
}

/** What a `$ref` stands for, as often as there is one. */
export function followed(document: Fields, value: unknown): unknown {
  const passed = new Set<unknown>();
  let target = value;
  while (isJsonObject(target) && target.$ref !== undefined) {
    if (passed.has(target)) throw new SchemaError(`${target.$ref} refers to itself`);
    passed.add(target);
    target = lookUp(document, target.$ref);
  }
  return target;
}

export function objectOf(value: unknown): Fields {
  if (!isJsonObject(value))
    throw new SchemaError("the spec has something else where an object belongs");
  return value;
}

export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value))
    throw new SchemaError("the spec has something else where a list belongs");
  return value;
}
