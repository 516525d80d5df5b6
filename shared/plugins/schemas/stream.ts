import type { PluginSchemas } from "./plugin-schemas.ts";

/** What plugins of stream routes want otherwise than their namesakes. */

export const mqttProxy: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      protocol_name: { type: "string", default: "MQTT" },
      protocol_level: { type: "integer" },
    },
    required: ["protocol_level"],
  },
};

export const streamLimitConn: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      conn: { type: "integer", exclusiveMinimum: 0 },
      burst: { type: "integer", minimum: 0 },
      default_conn_delay: { type: "number", exclusiveMinimum: 0 },
      only_use_default_delay: { type: "boolean", default: false },
      key: { type: "string" },
      key_type: { type: "string", enum: ["var", "var_combination"], default: "var" },
    },
    required: ["conn", "burst", "default_conn_delay", "key"],
  },
};

export const streamPrometheus: PluginSchemas = {
  schema: { type: "object", properties: { prefer_name: { type: "boolean", default: false } } },
};
