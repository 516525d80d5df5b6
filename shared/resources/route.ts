import { type Static, Type } from "typebox";
import {
  Address,
  CLOSED,
  description,
  HostPattern,
  Id,
  Plugins,
  TimeoutSchema,
  times,
} from "./common.ts";
import { METHODS } from "./methods.ts";
import { type Upstream, UpstreamSchema } from "./upstream.ts";

// With its type the validator finds a member that is there twice in one pass.
const Method = Type.Enum([...METHODS], { type: "string" });

const MOST_OF_URI = 4096;

export const RouteSchema = Type.Object(
  {
    id: Type.Optional(Id),
    ...description,
    ...times,
    uri: Type.Optional(Type.String({ minLength: 1, maxLength: MOST_OF_URI })),
    // APISIX has no limit here, but no request that long ever reaches it.
    uris: Type.Optional(
      Type.Array(Type.String({ maxLength: MOST_OF_URI }), { minItems: 1, uniqueItems: true }),
    ),
    host: Type.Optional(HostPattern),
    hosts: Type.Optional(Type.Array(HostPattern, { minItems: 1, uniqueItems: true })),
    remote_addr: Type.Optional(Address),
    remote_addrs: Type.Optional(Type.Array(Address, { minItems: 1, uniqueItems: true })),
    methods: Type.Optional(Type.Array(Method, { uniqueItems: true })),
    vars: Type.Optional(Type.Array(Type.Unknown())),
    filter_func: Type.Optional(
      Type.String({ minLength: 10, pattern: "^function", description: "a Lua function" }),
    ),
    priority: Type.Optional(Type.Integer({ default: 0 })),
    plugins: Type.Optional(Plugins),
    plugin_config_id: Type.Optional(Id),
    upstream: Type.Optional(UpstreamSchema),
    upstream_id: Type.Optional(Id),
    service_id: Type.Optional(Id),
    timeout: Type.Optional(TimeoutSchema),
    enable_websocket: Type.Optional(Type.Boolean()),
    status: Type.Optional(Type.Enum([1, 0], { default: 1 })),
    script: Type.Optional(Type.String({ minLength: 10, maxLength: 102400 })),
    script_id: Type.Optional(Id),
  },
  {
    ...CLOSED,
    allOf: [
      { oneOf: [{ required: ["uri"] }, { required: ["uris"] }] },
      {
        anyOf: ["plugins", "upstream", "upstream_id", "service_id", "script"].map((field) => ({
          required: [field],
        })),
      },
      { not: { required: ["host", "hosts"] } },
      { not: { required: ["remote_addr", "remote_addrs"] } },
      { not: { required: ["script", "plugins"] } },
      { not: { required: ["script", "plugin_config_id"] } },
    ],
  },
);

/** A route after validation: defaults applied, hosts in lower case, `id` that of the key. */
export type Route = Readonly<
  Omit<Static<typeof RouteSchema>, "upstream" | "id" | "priority" | "status">
> & {
  readonly id: string;
  readonly priority: number;
  readonly status: 0 | 1;
  readonly upstream?: Upstream | undefined;
};
