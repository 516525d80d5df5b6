import { type Static, Type } from "typebox";
import {
  Address,
  AnyObject,
  CLOSED,
  description,
  HostPattern,
  Id,
  Plugins,
  times,
} from "./common.ts";
import { UpstreamSchema } from "./upstream.ts";

const Logger = Type.Object(
  {
    name: Type.Optional(Type.String()),
    filter: Type.Optional(Type.Array(Type.Unknown())),
    conf: Type.Optional(AnyObject),
  },
  { ...CLOSED, dependencies: { name: ["conf"] } },
);

/** A TCP or UDP route. Recognised so that it can be listed; Workers have no such listeners. */
export const StreamRouteSchema = Type.Object(
  {
    id: Type.Optional(Id),
    ...description,
    ...times,
    remote_addr: Type.Optional(Address),
    server_addr: Type.Optional(Address),
    server_port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
    sni: Type.Optional(HostPattern),
    upstream: Type.Optional(UpstreamSchema),
    upstream_id: Type.Optional(Id),
    service_id: Type.Optional(Id),
    plugins: Type.Optional(Plugins),
    protocol: Type.Optional(
      Type.Object({
        name: Type.String(),
        superior_id: Type.Optional(Id),
        conf: Type.Optional(AnyObject),
        logger: Type.Optional(Type.Array(Logger)),
      }),
    ),
  },
  CLOSED,
);

export type StreamRoute = Readonly<Static<typeof StreamRouteSchema>>;
