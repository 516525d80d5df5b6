import { isJsonObject } from "../../../shared/json-object.ts";

/** What a client wants to be sent, checked; names as it writes them. */
export interface Batch {
  readonly query: Fields;
  readonly headers: Fields;
  /** Milliseconds that each of the requests may take. */
  readonly timeout: number;
  readonly pipeline: readonly BatchedRequest[];
}

export interface BatchedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Fields;
  readonly headers: Fields;
  readonly body: string | undefined;
}

export type Fields = Readonly<Record<string, unknown>>;

/** The message is what the client gets to read, in the words of APISIX's validator. */
export class BadBatch extends Error {
  override readonly name = "BadBatch";
}

const DEFAULT_TIMEOUT_MS = 30_000;
const METHODS = "GET POST PUT DELETE PATCH HEAD OPTIONS CONNECT TRACE".split(" ");
const FIELDS_OF_A_REQUEST = new Set([
  "version",
  "method",
  "path",
  "query",
  "headers",
  "ssl_verify",
  "body",
]);

/** Throws a `BadBatch` for what APISIX's schema of the request refuses. */
export function readBatch(text: string, maxItems: number): Batch {
  const value = parsed(text);
  if (!isJsonObject(value)) throw bad(`wrong type: expected object, got ${luaType(value)}`);
  const { pipeline } = value;
  if (pipeline === undefined) throw bad("object matches none of the required");
  const query = fieldsIn(value, "query", bad);
  const headers = fieldsIn(value, "headers", bad);
  const timeout = timeoutOf(value.timeout);
  if (!Array.isArray(pipeline)) throw badIn("pipeline", typeProblem("array", pipeline));
  if (pipeline.length < 1) throw badIn("pipeline", "expect array to have at least 1 items");
  if (pipeline.length > maxItems) {
    throw badIn("pipeline", `expect array to have at most ${maxItems} items`);
  }
  return { query, headers, timeout, pipeline: pipeline.map(requestOf) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BadBatch(`invalid request body: ${text}, err: ${reason}`);
  }
}

function timeoutOf(value: unknown): number {
  if (value === undefined) return DEFAULT_TIMEOUT_MS;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw badIn("timeout", typeProblem("integer", value));
  }
  if (value < 1) throw badIn("timeout", `expected ${value} to be at least 1`);
  return value;
}

function requestOf(value: unknown, index: number): BatchedRequest {
  const badHere = (problem: string) =>
    badIn("pipeline", `failed to validate item ${index + 1}: ${problem}`);
  if (!isJsonObject(value)) throw badHere(typeProblem("object", value));
  const stranger = Object.keys(value).find((name) => !FIELDS_OF_A_REQUEST.has(name));
  if (stranger !== undefined) throw badHere(`additional properties forbidden, found ${stranger}`);
  const badField = (name: string, problem: string) =>
    badHere(`property "${name}" validation failed: ${problem}`);
  const { version = 1.1, method = "GET", path = "/", ssl_verify: verify = false, body } = value;
  if (version !== 1 && version !== 1.1) {
    throw badField("version", "matches none of the enum values");
  }
  if (typeof method !== "string" || !METHODS.includes(method)) {
    throw badField("method", "matches none of the enum values");
  }
  if (typeof path !== "string") throw badField("path", typeProblem("string", path));
  if (path === "") throw badField("path", "string too short, expected at least 1, got 0");
  if (typeof verify !== "boolean") throw badField("ssl_verify", typeProblem("boolean", verify));
  if (body !== undefined && typeof body !== "string") {
    throw badField("body", typeProblem("string", body));
  }
  const query = fieldsIn(value, "query", badHere);
  return { method, path, query, headers: fieldsIn(value, "headers", badHere), body };
}

function fieldsIn(value: Fields, name: string, badHere: (problem: string) => BadBatch): Fields {
  const fields = value[name] ?? {};
  if (isJsonObject(fields) && value[name] !== null) return fields;
  throw badHere(`property "${name}" validation failed: ${typeProblem("object", value[name])}`);
}

function typeProblem(expected: string, value: unknown): string {
  return `wrong type: expected ${expected}, got ${luaType(value)}`;
}

function luaType(value: unknown): string {
  if (value === null) return "userdata";
  return typeof value === "object" ? "table" : typeof value;
}

function bad(problem: string): BadBatch {
  return new BadBatch(`bad request body: ${problem}`);
}

function badIn(property: string, problem: string): BadBatch {
  return bad(`property "${property}" validation failed: ${problem}`);
}
