import type { JsonSchema } from "../json-schema.ts";
import { HOST_PATTERN } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

const mode: JsonSchema = { type: "string", enum: ["off", "monitor", "block"] };

/** Milliseconds and KiB. */
const LIMITS = {
  connect_timeout: 1000,
  send_timeout: 1000,
  read_timeout: 1000,
  req_body_size: 1024,
  keepalive_size: 256,
  keepalive_timeout: 60_000,
};

const limits = (has: "defaults" | "no defaults"): Readonly<Record<string, JsonSchema>> =>
  Object.fromEntries(
    Object.entries(LIMITS).map(([name, standard]) => [
      name,
      has === "defaults" ? { type: "integer", default: standard } : { type: "integer" },
    ]),
  );

export const chaitinWaf: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      mode,
      match: {
        type: "array",
        items: { type: "object", properties: { vars: { type: "array" } } },
      },
      append_waf_resp_header: { type: "boolean", default: true },
      append_waf_debug_header: { type: "boolean", default: false },
      config: {
        type: "object",
        properties: { ...limits("no defaults"), real_client_ip: { type: "boolean" } },
      },
    },
  },
  metadataSchema: {
    type: "object",
    properties: {
      mode,
      nodes: {
        type: "array",
        items: {
          type: "object",
          properties: {
            host: { type: "string", pattern: `${HOST_PATTERN}|^unix:\\/[^ ]+$` },
            port: { type: "integer", minimum: 1, default: 80 },
          },
          required: ["host"],
        },
        minItems: 1,
      },
      config: {
        type: "object",
        properties: {
          ...limits("defaults"),
          real_client_ip: { type: "boolean", default: true },
        },
        default: {},
      },
    },
    required: ["nodes"],
  },
};
