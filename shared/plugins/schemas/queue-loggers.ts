import type { JsonSchema } from "../json-schema.ts";
import { batchProcessor, loggedBodies, loggerMetadata } from "./parts.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";

/** Loggers that send their entries to a message queue. */

const metadataSchema: JsonSchema = { type: "object", properties: loggerMetadata };
const metaFormat: JsonSchema = { type: "string", default: "default", enum: ["default", "origin"] };
const count = (standard: number): JsonSchema => ({
  type: "integer",
  minimum: 1,
  default: standard,
});

export const kafkaBrokers: JsonSchema = {
  type: "array",
  minItems: 1,
  items: {
    type: "object",
    properties: {
      host: { type: "string", description: "the host of kafka broker" },
      port: {
        type: "integer",
        minimum: 1,
        maximum: 65_535,
        description: "the port of kafka broker",
      },
      sasl_config: {
        type: "object",
        description: "sasl config",
        properties: {
          mechanism: {
            type: "string",
            default: "PLAIN",
            enum: ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
          },
          user: { type: "string", description: "user" },
          password: { type: "string", description: "password" },
        },
        required: ["user", "password"],
      },
    },
    required: ["host", "port"],
  },
  uniqueItems: true,
};

export const kafkaLogger: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      meta_format: metaFormat,
      broker_list: {
        type: "object",
        minProperties: 1,
        patternProperties: {
          ".*": {
            description: "the port of kafka broker",
            type: "integer",
            minimum: 1,
            maximum: 65_535,
          },
        },
      },
      brokers: kafkaBrokers,
      kafka_topic: { type: "string" },
      producer_type: { type: "string", default: "async", enum: ["async", "sync"] },
      required_acks: { type: "integer", default: 1, enum: [1, -1] },
      key: { type: "string" },
      timeout: count(3),
      ...loggedBodies,
      cluster_name: count(1),
      producer_batch_num: count(200),
      producer_batch_size: { type: "integer", minimum: 0, default: 1_048_576 },
      producer_max_buffering: count(50_000),
      producer_time_linger: count(1),
      meta_refresh_interval: count(30),
      api_version: { type: "integer", enum: [0, 1, 2], default: 1 },
      tls: { type: "object", properties: { verify: { type: "boolean", default: false } } },
      ...batchProcessor("kafka logger"),
    },
    oneOf: [{ required: ["broker_list", "kafka_topic"] }, { required: ["brokers", "kafka_topic"] }],
    encrypt_fields: ["brokers.sasl_config.password"],
  },
  metadataSchema,
};

export const rocketmqLogger: PluginSchemas = {
  schema: {
    type: "object",
    properties: {
      meta_format: metaFormat,
      nameserver_list: { type: "array", minItems: 1, items: { type: "string" } },
      topic: { type: "string" },
      key: { type: "string" },
      tag: { type: "string" },
      timeout: count(3),
      use_tls: { type: "boolean", default: false },
      access_key: { type: "string", default: "" },
      secret_key: { type: "string", default: "" },
      ...loggedBodies,
      ...batchProcessor("rocketmq logger"),
    },
    encrypt_fields: ["secret_key"],
    required: ["nameserver_list", "topic"],
  },
  metadataSchema,
};
