import type { JsonSchema } from "../json-schema.ts";

/** Fields that many plugins have. */

type Fields = Readonly<Record<string, JsonSchema>>;

/** Of a condition: `if` it fits, `then`, otherwise `otherwise`. */
export function when(condition: JsonSchema, outcome: JsonSchema, otherwise?: JsonSchema) {
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own keyword.
  const both = { if: condition, then: outcome };
  return otherwise === undefined ? both : { ...both, else: otherwise };
}

export const MOST_OF_BODY = 67_108_864;
export const maxRequestBody: JsonSchema = { type: "integer", minimum: 1, default: MOST_OF_BODY };
export const maxResponseBody: JsonSchema = { type: "integer", minimum: 1, default: MOST_OF_BODY };

/** A status that a plugin refuses with. */
export const rejectedCode = (code: number): JsonSchema => ({
  type: "integer",
  minimum: 200,
  maximum: 599,
  default: code,
});

/** A header name, cookie name or the like that has no default of its own. */
export const someText: JsonSchema = { type: "string", minLength: 1 };

export const anonymousConsumer: JsonSchema = { type: "string", minLength: 1 };
export const hideCredentials: JsonSchema = { type: "boolean", default: false };

/** IPv4 and IPv6 addresses and networks. */
const OCTET = "([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])";
const IPV4 = Array(4).fill(OCTET).join("\\.");
const IPV6 = "([a-fA-F0-9]{0,4}:){1,8}(:[a-fA-F0-9]{0,4}){0,8}([a-fA-F0-9]{0,4})?";
export const addressOrNetwork: readonly JsonSchema[] = [
  { title: "IPv4", type: "string", format: "ipv4" },
  { title: "IPv4/CIDR", type: "string", pattern: `^${IPV4}/([12]?[0-9]|3[0-2])$` },
  { title: "IPv6", type: "string", format: "ipv6" },
  { title: "IPv6/CIDR", type: "string", pattern: `^${IPV6}/[0-9]{1,3}$` },
];

export const HOST_PATTERN = "^\\*$|^\\*?[0-9a-zA-Z-._\\[\\]:]+$";
export const hostPattern: JsonSchema = { type: "string", pattern: HOST_PATTERN };

export const URI_PATTERN = "^[^\\/]+:\\/\\/([\\da-zA-Z.-]+|\\[[\\da-fA-F:]+\\])(:\\d+)?";
export const absoluteUri: JsonSchema = { type: "string", pattern: URI_PATTERN };

/** Milliseconds. */
export const timeout = (milliseconds: number, most = 60_000): JsonSchema => ({
  type: "integer",
  minimum: 1,
  maximum: most,
  default: milliseconds,
});

/** Connections kept to the plugin's own service; times in milliseconds. */
export const keepalive = (pool = 5): Fields => ({
  keepalive: { type: "boolean", default: true },
  keepalive_timeout: { type: "integer", minimum: 1000, default: 60_000 },
  keepalive_pool: { type: "integer", minimum: 1, default: pool },
});

/** Entries are sent in batches; times in seconds. */
export const batchProcessor = (name: string): Fields => ({
  name: { type: "string", default: name },
  max_retry_count: { type: "integer", minimum: 0, default: 0 },
  retry_delay: { type: "integer", minimum: 0, default: 1 },
  buffer_duration: { type: "integer", minimum: 1, default: 60 },
  inactive_timeout: { type: "integer", minimum: 1, default: 5 },
  batch_max_size: { type: "integer", minimum: 1, default: 1000 },
});

/** How an entry of the log looks. */
export const logFormat: Fields = {
  log_format: { type: "object" },
  log_format_extra: { type: "object" },
};

const conditions: JsonSchema = { type: "array", minItems: 1, items: { type: "array" } };
const mostOfLoggedBody: JsonSchema = { type: "integer", minimum: 1, default: 524_288 };

/** Which bodies an entry of the log has. */
export const loggedBodies: Fields = {
  ...logFormat,
  include_req_body: { type: "boolean", default: false },
  include_req_body_expr: conditions,
  include_resp_body: { type: "boolean", default: false },
  include_resp_body_expr: conditions,
  max_req_body_bytes: mostOfLoggedBody,
  max_resp_body_bytes: mostOfLoggedBody,
};

/** The metadata of most loggers. */
export const loggerMetadata: Fields = {
  ...logFormat,
  max_pending_entries: { type: "integer", minimum: 1, default: 8192 },
};
