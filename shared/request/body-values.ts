import { JsonPathError, memberOf, parseJsonPath, queryJsonPath } from "../expression/json-path.ts";
import { BodyNeeded, type JsonValue } from "../expression/variables.ts";
import { decodeUri } from "../routing/uri-bytes.ts";
import { firstValues, parseForm, valuesByName } from "./form.ts";
import { type GraphqlDocument, parseGraphql } from "./graphql.ts";
import { parseMultipart } from "./multipart.ts";

/** A request's body after it was read; `too long` where it is beyond the limit. */
export type ReadBody = Uint8Array | "too long";

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";
const MULTIPART = "multipart/form-data";

/**
 * What variables find in a body. Nothing is parsed before it is asked for, and nothing twice. Each method
 * throws `BodyNeeded` where the body has not been read and its Content-Type says that it matters.
 */
export class BodyValues {
  readonly #request: Pick<Request, "headers" | "body">;
  readonly #maxBytes: number;
  readonly #body: ReadBody | undefined;
  readonly #contentType: string;
  #form: ReadonlyMap<string, string | true> | undefined;
  #fields: { readonly root: JsonValue | undefined } | undefined;

  /** `body` undefined: not read yet. */
  constructor(
    request: Pick<Request, "headers" | "body">,
    maxBytes: number,
    body: ReadBody | undefined,
  ) {
    this.#request = request;
    this.#maxBytes = maxBytes;
    this.#body = body;
    this.#contentType = request.headers.get("content-type") ?? "";
  }

  /** `post_arg_NAME` */
  formField(name: string): string | true | undefined {
    if (!this.#contentType.startsWith(FORM)) return undefined;
    this.#form ??= firstValues(parseForm(this.#text() ?? ""));
    return this.#form.get(name);
  }

  /** `post_arg.PATH`; a path with `[`, `*` or `..` gives the list of what it finds, if anything. */
  field(path: string): JsonValue | undefined {
    const type = [JSON_TYPE, FORM, MULTIPART].find((known) => this.#contentType.includes(known));
    if (type === undefined) return undefined;
    this.#fields ??= { root: parseFields(type, this.#text(), this.#contentType) };
    const { root } = this.#fields;
    if (root === undefined) return undefined;
    if (!/[[*]|\.\./.test(path)) {
      const step = (value: JsonValue | undefined, name: string) =>
        value === undefined ? undefined : memberOf(value, name);
      return path.split(".").reduce(step, root);
    }
    const found = matchesOf(path, root);
    return found.length > 0 ? found : undefined;
  }

  /** Of a POST: the body, or the `query` in it where it is JSON. */
  graphql(): GraphqlDocument | undefined {
    const text = this.#text();
    if (text === undefined) return undefined;
    if (this.#contentType !== JSON_TYPE) return parseGraphql(text);
    const query = memberOf(parseJson(text) ?? null, "query");
    return typeof query === "string" ? parseGraphql(query) : undefined;
  }

  /** Undefined where there is no body, or more of it than may be read. */
  #text(): string | undefined {
    const body = this.#body;
    if (body === "too long" || this.#request.body === null) return undefined;
    if (body !== undefined) return textOf(body);
    const length = this.#request.headers.get("content-length");
    if (length !== null && Number(length) > this.#maxBytes) return undefined;
    if (length === "0") return undefined;
    throw new BodyNeeded();
  }
}

function parseFields(
  type: string,
  text: string | undefined,
  contentType: string,
): JsonValue | undefined {
  if (text === undefined) return undefined;
  if (type === JSON_TYPE) return parseJson(text);
  if (type === FORM) return valuesByName(parseForm(text));
  const fields = parseMultipart(text, contentType);
  return fields && Object.fromEntries(fields);
}

/** A path that is none finds nothing; the exporter has told of it. */
function matchesOf(path: string, root: JsonValue): JsonValue[] {
  try {
    return queryJsonPath(parseJsonPath(path), root);
  } catch (error) {
    if (error instanceof JsonPathError) return [];
    throw error;
  }
}

function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes that are not UTF-8 become what `uri-bytes.ts` tells. */
function textOf(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return decodeUri(bytes, 0, bytes.length);
    throw error;
  }
}
