import type { JsonSchema } from "../json-schema.ts";
import { when } from "./parts.ts";

/** Where counters are kept that several gateways share. Times in milliseconds. */

const port = (standard: number): JsonSchema => ({
  type: "integer",
  minimum: 1,
  maximum: 65_535,
  default: standard,
});

const shared: Readonly<Record<string, JsonSchema>> = {
  redis_username: { type: "string", minLength: 1 },
  redis_password: { type: "string", minLength: 0 },
  redis_database: { type: "integer", minimum: 0, default: 0 },
  redis_timeout: { type: "integer", minimum: 1, default: 1000 },
  redis_ssl: { type: "boolean", default: false },
  redis_ssl_verify: { type: "boolean", default: false },
  redis_keepalive_timeout: { type: "integer", minimum: 1000, default: 10_000 },
  redis_keepalive_pool: { type: "integer", minimum: 1, default: 100 },
};

export const oneRedis: JsonSchema = {
  properties: {
    redis_host: { type: "string", minLength: 2 },
    redis_port: port(6379),
    ...shared,
  },
  required: ["redis_host"],
};

const redisCluster: JsonSchema = {
  properties: {
    redis_password: { type: "string", minLength: 0 },
    redis_timeout: { type: "integer", minimum: 1, default: 1000 },
    redis_cluster_nodes: {
      type: "array",
      minItems: 1,
      items: { type: "string", minLength: 2, maxLength: 100 },
    },
    redis_cluster_name: { type: "string" },
    redis_cluster_ssl: { type: "boolean", default: false },
    redis_cluster_ssl_verify: { type: "boolean", default: false },
    redis_keepalive_timeout: { type: "integer", minimum: 1000, default: 10_000 },
    redis_keepalive_pool: { type: "integer", minimum: 1, default: 100 },
  },
  required: ["redis_cluster_nodes", "redis_cluster_name"],
};

const redisSentinel: JsonSchema = {
  properties: {
    redis_sentinels: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        properties: { host: { type: "string", minLength: 1 }, port: port(26_379) },
        required: ["host", "port"],
      },
    },
    redis_master_name: { type: "string", minLength: 1 },
    redis_role: { type: "string", enum: ["master", "slave"], default: "master" },
    sentinel_username: { type: "string" },
    sentinel_password: { type: "string" },
    redis_connect_timeout: { type: "integer", minimum: 1, default: 1000 },
    redis_read_timeout: { type: "integer", minimum: 1, default: 1000 },
    ...shared,
  },
  required: ["redis_sentinels", "redis_master_name"],
};

const hasPolicy = (policy: string): JsonSchema => ({ properties: { policy: { enum: [policy] } } });

/** What the policies `redis` and `redis-cluster` need besides. */
export const redisOrCluster: JsonSchema = when(
  hasPolicy("redis"),
  oneRedis,
  when(hasPolicy("redis-cluster"), redisCluster),
);

/** What the policies `redis`, `redis-cluster` and `redis-sentinel` need besides. */
export const anyRedis: JsonSchema = when(
  hasPolicy("redis"),
  oneRedis,
  when(hasPolicy("redis-cluster"), redisCluster, when(hasPolicy("redis-sentinel"), redisSentinel)),
);
