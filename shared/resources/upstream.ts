import { type Static, Type } from "typebox";
import {
  AnyObject,
  CLOSED,
  description,
  HostPattern,
  Id,
  mapOf,
  TimeoutSchema,
  times,
} from "./common.ts";
import { METHODS } from "./methods.ts";

/** An upstream as it is written: nodes as a map `{"host:port": weight}` or as an array. */

const HttpStatuses = (defaults: readonly number[]) =>
  Type.Array(Type.Integer({ minimum: 200, maximum: 599 }), {
    minItems: 1,
    uniqueItems: true,
    default: [...defaults],
  });

const limit = (value: number, minimum = 1) =>
  Type.Integer({ minimum, maximum: 254, default: value });

const HEALTHY_STATUSES = [
  200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308,
];

const ActiveCheck = Type.Object({
  type: Type.Optional(Type.Enum(["http", "https", "tcp"], { default: "http" })),
  timeout: Type.Optional(Type.Number({ default: 1 })),
  concurrency: Type.Optional(Type.Integer({ default: 10 })),
  host: Type.Optional(HostPattern),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  http_method: Type.Optional(Type.Enum([...METHODS], { default: "GET" })),
  http_path: Type.Optional(Type.String({ default: "/" })),
  http_req_body: Type.Optional(Type.String({ default: "" })),
  https_verify_certificate: Type.Optional(Type.Boolean({ default: true })),
  req_headers: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  healthy: Type.Optional(
    Type.Object({
      interval: Type.Optional(Type.Integer({ minimum: 1, default: 1 })),
      http_statuses: Type.Optional(HttpStatuses([200, 302])),
      successes: Type.Optional(limit(2)),
    }),
  ),
  unhealthy: Type.Optional(
    Type.Object({
      interval: Type.Optional(Type.Integer({ minimum: 1, default: 1 })),
      http_statuses: Type.Optional(HttpStatuses([429, 404, 500, 501, 502, 503, 504, 505])),
      http_failures: Type.Optional(limit(5)),
      tcp_failures: Type.Optional(limit(2)),
      timeouts: Type.Optional(limit(3)),
    }),
  ),
});

const PassiveCheck = Type.Object({
  type: Type.Optional(Type.Enum(["http", "https", "tcp"], { default: "http" })),
  healthy: Type.Optional(
    Type.Object({
      http_statuses: Type.Optional(HttpStatuses(HEALTHY_STATUSES)),
      successes: Type.Optional(limit(5, 0)),
    }),
  ),
  unhealthy: Type.Optional(
    Type.Object({
      http_statuses: Type.Optional(HttpStatuses([429, 500, 503])),
      tcp_failures: Type.Optional(limit(2, 0)),
      timeouts: Type.Optional(limit(7, 0)),
      http_failures: Type.Optional(limit(5, 0)),
    }),
  ),
});

const NodeSchema = Type.Object({
  host: HostPattern,
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  weight: Type.Integer({ minimum: 0 }),
  priority: Type.Optional(Type.Integer()),
  metadata: Type.Optional(AnyObject),
});

const Nodes = Type.Union([mapOf(Type.Integer({ minimum: 0 })), Type.Array(NodeSchema)]);

const Tls = Type.Object(
  {
    client_cert: Type.Optional(Type.String({ minLength: 128, maxLength: 65536 })),
    client_key: Type.Optional(Type.String({ minLength: 64, maxLength: 65536 })),
    client_cert_id: Type.Optional(Id),
    verify: Type.Optional(Type.Boolean({ default: false })),
  },
  {
    dependencies: { client_cert: ["client_key"], client_key: ["client_cert"] },
    not: { required: ["client_cert_id", "client_cert"] },
  },
);

export const UpstreamSchema = Type.Object(
  {
    id: Type.Optional(Id),
    ...description,
    ...times,
    nodes: Type.Optional(Nodes),
    type: Type.Optional(Type.String({ default: "roundrobin" })),
    hash_on: Type.Optional(
      Type.Enum(["vars", "header", "cookie", "consumer", "vars_combinations"], { default: "vars" }),
    ),
    key: Type.Optional(Type.String()),
    scheme: Type.Optional(
      Type.Enum(["grpc", "grpcs", "http", "https", "tcp", "tls", "udp", "kafka"], {
        default: "http",
      }),
    ),
    pass_host: Type.Optional(Type.Enum(["pass", "node", "rewrite"], { default: "pass" })),
    upstream_host: Type.Optional(HostPattern),
    retries: Type.Optional(Type.Integer({ minimum: 0 })),
    retry_timeout: Type.Optional(Type.Number({ minimum: 0 })),
    timeout: Type.Optional(TimeoutSchema),
    keepalive_pool: Type.Optional(
      Type.Object({
        size: Type.Optional(Type.Integer({ minimum: 1, default: 320 })),
        idle_timeout: Type.Optional(Type.Number({ minimum: 0, default: 60 })),
        requests: Type.Optional(Type.Integer({ minimum: 1, default: 1000 })),
      }),
    ),
    tls: Type.Optional(Tls),
    checks: Type.Optional(
      Type.Object({ active: ActiveCheck, passive: Type.Optional(PassiveCheck) }),
    ),
    service_name: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
    discovery_type: Type.Optional(Type.String()),
    discovery_args: Type.Optional(
      Type.Object({
        namespace_id: Type.Optional(Type.String()),
        group_name: Type.Optional(Type.String()),
      }),
    ),
  },
  {
    ...CLOSED,
    oneOf: [{ required: ["nodes"] }, { required: ["service_name", "discovery_type"] }],
  },
);

/** One upstream address. Every node of a normalised upstream has `weight` and `priority`. */
export interface UpstreamNode {
  /** A name, an IPv4 address, or an IPv6 address in brackets. */
  readonly host: string;
  /** Absent: the scheme's own port. */
  readonly port?: number | undefined;
  readonly weight: number;
  readonly priority: number;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** Seconds. */
export type Timeout = Readonly<Static<typeof TimeoutSchema>>;

/** An upstream after validation: defaults applied, nodes an array. */
export type Upstream = Readonly<
  Omit<Static<typeof UpstreamSchema>, "nodes" | "type" | "scheme" | "pass_host" | "hash_on">
> & {
  readonly nodes: readonly UpstreamNode[];
  readonly type: string;
  readonly scheme: string;
  readonly pass_host: "pass" | "node" | "rewrite";
  readonly hash_on: string;
};
