import type { JsonSchema } from "../json-schema.ts";
import { maxResponseBody } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** A variable alone, or a constant of two characters or more. */
const keyPart: JsonSchema = { type: "string", pattern: "(^[^\\$].+$|^\\$[0-9a-zA-Z_]+$)" };
const keyParts: JsonSchema = { type: "array", minItems: 1, items: keyPart };

const zone: Readonly<Record<string, JsonSchema>> = {
  cache_zone: { type: "string", minLength: 1, maxLength: 100, default: "disk_cache_one" },
  cache_strategy: { type: "string", enum: ["disk", "memory"], default: "disk" },
  cache_ttl: { type: "integer", minimum: 1, default: 300 },
  cache_set_cookie: { type: "boolean", default: false },
  consumer_isolation: { type: "boolean", default: true },
};

export const proxyCache: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      ...zone,
      cache_key: { ...keyParts, default: ["$host", "$request_uri"] },
      cache_http_status: {
        type: "array",
        minItems: 1,
        items: { type: "integer", minimum: 200, maximum: 599 },
        uniqueItems: true,
        default: [200, 301, 404],
      },
      cache_method: {
        type: "array",
        minItems: 1,
        items: { type: "string", enum: ["GET", "POST", "HEAD"] },
        uniqueItems: true,
        default: ["GET", "HEAD"],
      },
      hide_cache_headers: { type: "boolean", default: false },
      cache_control: { type: "boolean", default: false },
      cache_bypass: keyParts,
      no_cache: keyParts,
      max_resp_body_size: maxResponseBody,
    },
  },
};

export const graphqlProxyCache: PluginSchemas = { schema: { type: "object", properties: zone } };
