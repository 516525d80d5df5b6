import type { JsonSchema } from "../json-schema.ts";
import { batchProcessor } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";
import { kafkaBrokers } from "./queue-loggers.ts";

const LEVELS = [
  "STDERR",
  "EMERG",
  "ALERT",
  "CRIT",
  "ERR",
  "ERROR",
  "WARN",
  "NOTICE",
  "INFO",
  "DEBUG",
];

const clickhouse: JsonSchema = {
  type: "object",
  properties: {
    endpoint_addr: { type: "string", default: "http://127.0.0.1:8123" },
    user: { type: "string", default: "default" },
    password: { type: "string", default: "" },
    database: { type: "string", default: "" },
    logtable: { type: "string", default: "" },
  },
  required: ["endpoint_addr", "user", "password", "database", "logtable"],
};

const kafka: JsonSchema = {
  type: "object",
  properties: {
    brokers: kafkaBrokers,
    kafka_topic: { type: "string" },
    producer_type: { type: "string", default: "async", enum: ["async", "sync"] },
    required_acks: { type: "integer", default: 1, enum: [0, 1, -1] },
    key: { type: "string" },
    cluster_name: { type: "integer", minimum: 1, default: 1 },
    meta_refresh_interval: { type: "integer", minimum: 1, default: 30 },
    tls: { type: "object", properties: { verify: { type: "boolean", default: false } } },
  },
  required: ["brokers", "kafka_topic"],
};

export const errorLogLogger: PluginSchemas = {
  schema: { type: "object" },
  metadataSchema: {
    type: "object",
    properties: {
      tcp: {
        type: "object",
        properties: {
          host: { type: "string" },
          port: { type: "integer", minimum: 0 },
          tls: { type: "boolean", default: false },
          tls_server_name: { type: "string" },
        },
        required: ["host", "port"],
      },
      skywalking: {
        type: "object",
        properties: {
          endpoint_addr: { type: "string", default: "http://127.0.0.1:12900/v3/logs" },
          service_name: { type: "string", default: "APISIX" },
          service_instance_name: { type: "string", default: "APISIX Service Instance" },
        },
      },
      clickhouse,
      kafka,
      level: { type: "string", default: "WARN", enum: LEVELS },
      timeout: { type: "integer", minimum: 1, default: 3 },
      keepalive: { type: "integer", minimum: 1, default: 30 },
      ...batchProcessor("error-log-logger"),
    },
    oneOf: [
      { required: ["skywalking"] },
      { required: ["tcp"] },
      { required: ["clickhouse"] },
      { required: ["kafka"] },
      // The oldest form of it: an address beside the rest.
      { required: ["host", "port"] },
    ],
    encrypt_fields: ["clickhouse.password", "kafka.brokers.sasl_config.password"],
  },
};
