import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import {
  absoluteUri,
  addressOrNetwork,
  hostPattern,
  when,
} from "../../../shared/plugins/schemas/parts.ts";
import {
  certificate,
  desc,
  id,
  labels,
  method,
  name,
  privateKey,
  timeouts,
  timestamp,
  upstream,
} from "../../../shared/plugins/schemas/upstream.ts";

/**
 * The kinds of resources as the Admin API checks them and serves them at `/schema/{type}`. What the
 * exporter keeps is checked by shared/resources, with the same bounds and words of its own.
 */

const times = { create_time: timestamp, update_time: timestamp };
const plugins: JsonSchema = { type: "object" };
const script: JsonSchema = { type: "string", minLength: 10, maxLength: 102_400 };
const status: JsonSchema = {
  description: "route status, 1 to enable, 0 to disable",
  type: "integer",
  enum: [1, 0],
  default: 1,
};
const enableWebsocket: JsonSchema = {
  description: "enable websocket for request",
  type: "boolean",
};
const hosts: JsonSchema = { type: "array", items: hostPattern, minItems: 1, uniqueItems: true };
const address = (description: string): JsonSchema => ({
  description,
  type: "string",
  anyOf: addressOrNetwork,
});
const clientAddress = address("client IP");

const has = (...fields: string[]): JsonSchema => ({ required: fields });
const atMostOneOf = (one: string, other: string): JsonSchema => ({
  oneOf: [{ not: { anyOf: [has(one), has(other)] } }, has(one), has(other)],
});
const SOURCES = ["plugins", "upstream", "upstream_id", "service_id"];

const route: JsonSchema = {
  type: "object",
  properties: {
    id,
    ...times,
    uri: { type: "string", minLength: 1, maxLength: 4096 },
    uris: {
      type: "array",
      items: { description: "HTTP uri", type: "string" },
      minItems: 1,
      uniqueItems: true,
    },
    name,
    desc,
    priority: { type: "integer", default: 0 },
    methods: { type: "array", items: method, uniqueItems: true },
    host: hostPattern,
    hosts,
    remote_addr: clientAddress,
    remote_addrs: { type: "array", items: clientAddress, minItems: 1, uniqueItems: true },
    timeout: timeouts,
    vars: { type: "array" },
    filter_func: { type: "string", minLength: 10, pattern: "^function" },
    script,
    script_id: id,
    plugins,
    plugin_config_id: id,
    upstream,
    labels,
    service_id: id,
    upstream_id: id,
    enable_websocket: enableWebsocket,
    status,
  },
  allOf: [
    { oneOf: [has("uri"), has("uris")] },
    atMostOneOf("host", "hosts"),
    atMostOneOf("remote_addr", "remote_addrs"),
  ],
  anyOf: [
    ...SOURCES.map((source) => has(source, "uri")),
    ...SOURCES.map((source) => has(source, "uris")),
    has("script", "uri"),
    has("script", "uris"),
  ],
  not: { anyOf: [has("script", "plugins"), has("script", "plugin_config_id")] },
  additionalProperties: false,
};

const service: JsonSchema = {
  type: "object",
  properties: {
    id,
    plugins,
    upstream,
    upstream_id: id,
    name,
    desc,
    labels,
    script,
    ...times,
    enable_websocket: enableWebsocket,
    hosts,
  },
  additionalProperties: false,
};

const consumer: JsonSchema = {
  type: "object",
  properties: {
    username: { type: "string", minLength: 1, maxLength: 256, pattern: "^[a-zA-Z0-9_\\-]+$" },
    group_id: id,
    plugins,
    labels,
    ...times,
    desc,
  },
  required: ["username"],
  additionalProperties: false,
};

const credentialKey: JsonSchema = {
  type: "string",
  minLength: 15,
  maxLength: 128,
  pattern: "^[a-zA-Z0-9-_]+/credentials/[a-zA-Z0-9-_.]+$",
};

const credential: JsonSchema = {
  type: "object",
  properties: {
    id: { anyOf: [...(id.anyOf ?? []), credentialKey] },
    plugins: { ...plugins, maxProperties: 1 },
    name,
    labels,
    ...times,
    desc,
  },
  additionalProperties: false,
};

const pluginSet: JsonSchema = {
  type: "object",
  properties: { id, name, desc, plugins, labels, ...times },
  required: ["id", "plugins"],
  additionalProperties: false,
};

const globalRule: JsonSchema = {
  type: "object",
  properties: { id, plugins, ...times },
  required: ["id", "plugins"],
  additionalProperties: false,
};

const certAndKey = has("cert", "key");
const ssl: JsonSchema = {
  type: "object",
  properties: {
    id,
    type: {
      description:
        "ssl certificate type, server to server certificate, client to client certificate",
      type: "string",
      default: "server",
      enum: ["server", "client"],
    },
    cert: certificate,
    key: privateKey,
    sni: hostPattern,
    snis: { type: "array", items: hostPattern, minItems: 1 },
    certs: { type: "array", items: certificate },
    keys: { type: "array", items: privateKey },
    client: {
      type: "object",
      properties: {
        ca: certificate,
        depth: { type: "integer", minimum: 0, default: 1 },
        skip_mtls_uri_regex: {
          type: "array",
          minItems: 1,
          uniqueItems: true,
          items: { description: "uri regular expression to skip mtls", type: "string" },
        },
      },
      required: ["ca"],
    },
    labels,
    status: { ...status, description: "ssl status, 1 to enable, 0 to disable" },
    ssl_protocols: {
      description: "set ssl protocols",
      type: "array",
      maxItems: 3,
      uniqueItems: true,
      items: { enum: ["TLSv1.1", "TLSv1.2", "TLSv1.3"] },
    },
    desc,
    ...times,
  },
  ...when(
    { properties: { type: { enum: ["server"] } } },
    { oneOf: [has("sni", "key", "cert"), has("snis", "key", "cert")] },
    certAndKey,
  ),
  additionalProperties: false,
};

const proto: JsonSchema = {
  type: "object",
  properties: {
    id,
    name,
    desc,
    labels,
    ...times,
    content: { type: "string", minLength: 1, maxLength: 1_048_576 },
  },
  required: ["content"],
  additionalProperties: false,
};

const streamRoute: JsonSchema = {
  type: "object",
  properties: {
    id,
    name,
    desc,
    labels,
    ...times,
    remote_addr: clientAddress,
    server_addr: address("server IP"),
    server_port: { description: "server port", type: "integer", minimum: 1, maximum: 65_535 },
    sni: { ...hostPattern, description: "server name indication" },
    upstream,
    upstream_id: id,
    service_id: id,
    plugins,
    protocol: {
      type: "object",
      properties: {
        name: { type: "string" },
        superior_id: id,
        conf: { description: "protocol-specific configuration", type: "object" },
        logger: {
          type: "array",
          items: {
            properties: {
              name: { type: "string" },
              filter: {
                description: "logger filter rules",
                type: "array",
              },
              conf: { description: "logger plugin configuration", type: "object" },
            },
            dependencies: { name: ["conf"] },
            additionalProperties: false,
          },
        },
      },
      required: ["name"],
    },
  },
  additionalProperties: false,
};

const text: JsonSchema = { type: "string" };

/** By the first part of a secret's id. A map: `constructor` is no such place. */
export const SECRET_SCHEMAS: ReadonlyMap<string, JsonSchema> = new Map<string, JsonSchema>([
  [
    "vault",
    {
      type: "object",
      properties: { uri: absoluteUri, prefix: text, token: text, namespace: text },
      required: ["uri", "prefix", "token"],
    },
  ],
  [
    "aws",
    {
      type: "object",
      properties: {
        access_key_id: text,
        secret_access_key: text,
        session_token: text,
        region: { type: "string", default: "us-east-1" },
        endpoint_url: absoluteUri,
      },
      required: ["access_key_id", "secret_access_key"],
    },
  ],
  [
    "gcp",
    {
      type: "object",
      properties: {
        auth_config: {
          type: "object",
          properties: {
            client_email: text,
            private_key: text,
            project_id: text,
            token_uri: { type: "string", default: "https://oauth2.googleapis.com/token" },
            scope: {
              type: "array",
              items: { type: "string" },
              default: ["https://www.googleapis.com/auth/cloud-platform"],
            },
            entries_uri: { type: "string", default: "https://secretmanager.googleapis.com/v1" },
          },
          required: ["client_email", "private_key", "project_id"],
        },
        ssl_verify: { type: "boolean", default: true },
        auth_file: text,
      },
      oneOf: [has("auth_config"), has("auth_file")],
    },
  ],
]);

const pluginList: JsonSchema = {
  type: "array",
  items: {
    type: "object",
    properties: { name: { type: "string", minLength: 1 }, stream: { type: "boolean" } },
    required: ["name"],
  },
};

/** By the name at `/schema/{type}`, which is the singular. */
export const RESOURCE_SCHEMAS = {
  route,
  service,
  upstream,
  consumer,
  credential,
  consumer_group: pluginSet,
  plugin_config: pluginSet,
  global_rule: globalRule,
  ssl,
  proto,
  stream_route: streamRoute,
  plugins: pluginList,
} satisfies Readonly<Record<string, JsonSchema>>;

export type SchemaName = keyof typeof RESOURCE_SCHEMAS;

/** What `GET /schema/{type}` shows; undefined for what is no type. */
export function resourceSchema(type: string): JsonSchema | undefined {
  return Object.hasOwn(RESOURCE_SCHEMAS, type) ? RESOURCE_SCHEMAS[type as SchemaName] : undefined;
}
