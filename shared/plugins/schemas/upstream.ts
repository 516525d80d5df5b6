import { METHODS } from "../../resources/methods.ts";
import type { JsonSchema } from "../json-schema.ts";
import { hostPattern } from "./parts.ts";

/**
 * An upstream as the Admin API and traffic-split check it. What the exporter keeps is checked by
 * shared/resources; the two differ in how a fault is told, not in what is one.
 */

export const id: JsonSchema = {
  anyOf: [
    { type: "string", minLength: 1, maxLength: 64, pattern: "^[a-zA-Z0-9-_.]+$" },
    { type: "integer", minimum: 1 },
  ],
};
export const name: JsonSchema = { type: "string", maxLength: 256, minLength: 1 };
export const desc: JsonSchema = { type: "string", maxLength: 256 };
export const labels: JsonSchema = {
  description: "key/value pairs to specify attributes",
  type: "object",
  patternProperties: {
    ".*": {
      description: "value of label",
      type: "string",
      pattern: "^\\S+$",
      maxLength: 256,
      minLength: 1,
    },
  },
};
export const timestamp: JsonSchema = { type: "integer" };

/** Seconds. */
const someTime: JsonSchema = { type: "number", exclusiveMinimum: 0 };
export const timeouts: JsonSchema = {
  type: "object",
  properties: { connect: someTime, send: someTime, read: someTime },
  required: ["connect", "send", "read"],
};

export const method: JsonSchema = { description: "HTTP method", type: "string", enum: METHODS };

const statuses = (defaults: readonly number[]): JsonSchema => ({
  type: "array",
  minItems: 1,
  items: { type: "integer", minimum: 200, maximum: 599 },
  uniqueItems: true,
  default: defaults,
});
const limit = (standard: number, minimum: number): JsonSchema => ({
  type: "integer",
  minimum,
  maximum: 254,
  default: standard,
});
const interval: JsonSchema = { type: "integer", minimum: 1, default: 1 };
const checkType: JsonSchema = { type: "string", enum: ["http", "https", "tcp"], default: "http" };
const HEALTHY = [
  200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308,
];

const active: JsonSchema = {
  type: "object",
  properties: {
    type: checkType,
    timeout: { type: "number", default: 1 },
    concurrency: { type: "integer", default: 10 },
    host: hostPattern,
    port: { type: "integer", minimum: 1, maximum: 65_535 },
    http_method: { type: "string", enum: METHODS, default: "GET" },
    http_path: { type: "string", default: "/" },
    http_req_body: { type: "string", default: "" },
    https_verify_certificate: { type: "boolean", default: true },
    healthy: {
      type: "object",
      properties: { interval, http_statuses: statuses([200, 302]), successes: limit(2, 1) },
    },
    unhealthy: {
      type: "object",
      properties: {
        interval,
        http_statuses: statuses([429, 404, 500, 501, 502, 503, 504, 505]),
        http_failures: limit(5, 1),
        tcp_failures: limit(2, 1),
        timeouts: limit(3, 1),
      },
    },
    req_headers: { type: "array", minItems: 1, items: { type: "string" } },
  },
};

const passive: JsonSchema = {
  type: "object",
  properties: {
    type: checkType,
    healthy: {
      type: "object",
      properties: { http_statuses: statuses(HEALTHY), successes: limit(5, 0) },
    },
    unhealthy: {
      type: "object",
      properties: {
        http_statuses: statuses([429, 500, 503]),
        tcp_failures: limit(2, 0),
        timeouts: limit(7, 0),
        http_failures: limit(5, 0),
      },
    },
  },
};

export const healthChecks: JsonSchema = {
  type: "object",
  properties: { active, passive },
  additionalProperties: false,
  anyOf: [{ required: ["active"] }, { required: ["active", "passive"] }],
};

const nodes: JsonSchema = {
  anyOf: [
    {
      type: "object",
      patternProperties: {
        ".*": { description: "weight of node", type: "integer", minimum: 0 },
      },
    },
    {
      type: "array",
      items: {
        type: "object",
        properties: {
          host: hostPattern,
          port: { description: "port of node", type: "integer", minimum: 1, maximum: 65_535 },
          weight: { description: "weight of node", type: "integer", minimum: 0 },
          priority: { description: "priority of node", type: "integer", default: 0 },
          metadata: { description: "metadata of node", type: "object" },
        },
        required: ["host", "weight"],
      },
    },
  ],
};

export const certificate: JsonSchema = { type: "string", minLength: 128, maxLength: 65_536 };
export const privateKey: JsonSchema = { type: "string", minLength: 64, maxLength: 65_536 };

const notById: JsonSchema = { required: ["client_cert_id"] };
const tls: JsonSchema = {
  type: "object",
  properties: {
    client_cert_id: id,
    client_cert: certificate,
    client_key: privateKey,
    verify: {
      type: "boolean",
      description:
        "Turn on server certificate verification, currently only kafka upstream is supported",
      default: false,
    },
  },
  dependencies: {
    client_cert: { required: ["client_key"], not: notById },
    client_key: { required: ["client_cert"], not: notById },
    client_cert_id: { not: { required: ["client_cert", "client_key"] } },
  },
};

export const upstream: JsonSchema = {
  type: "object",
  properties: {
    create_time: timestamp,
    update_time: timestamp,
    nodes,
    retries: { type: "integer", minimum: 0 },
    retry_timeout: { type: "number", minimum: 0 },
    timeout: timeouts,
    tls,
    keepalive_pool: {
      type: "object",
      properties: {
        size: { type: "integer", default: 320, minimum: 1 },
        idle_timeout: { type: "number", default: 60, minimum: 0 },
        requests: { type: "integer", default: 1000, minimum: 1 },
      },
    },
    type: {
      description: "algorithms of load balancing",
      type: "string",
      default: "roundrobin",
    },
    checks: healthChecks,
    hash_on: {
      type: "string",
      default: "vars",
      enum: ["vars", "header", "cookie", "consumer", "vars_combinations"],
    },
    key: { description: "the key of chash for dynamic load balancing", type: "string" },
    scheme: {
      default: "http",
      enum: ["grpc", "grpcs", "http", "https", "tcp", "tls", "udp", "kafka"],
      description: "The scheme of the upstream",
    },
    labels,
    discovery_type: { description: "discovery type", type: "string" },
    discovery_args: {
      type: "object",
      properties: {
        namespace_id: { description: "namespace id", type: "string" },
        group_name: { description: "group name", type: "string" },
      },
    },
    pass_host: {
      description: "mod of host passing",
      type: "string",
      enum: ["pass", "node", "rewrite"],
      default: "pass",
    },
    upstream_host: hostPattern,
    service_name: { type: "string", maxLength: 256, minLength: 1 },
    name,
    desc,
    id,
  },
  oneOf: [{ required: ["nodes"] }, { required: ["service_name", "discovery_type"] }],
  additionalProperties: false,
};
