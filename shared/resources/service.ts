import { type Static, Type } from "typebox";
import { CLOSED, description, HostPattern, Id, Plugins, times } from "./common.ts";
import { type Upstream, UpstreamSchema } from "./upstream.ts";

/** What several routes may inherit. */
export const ServiceSchema = Type.Object(
  {
    id: Type.Optional(Id),
    ...description,
    ...times,
    plugins: Type.Optional(Plugins),
    upstream: Type.Optional(UpstreamSchema),
    upstream_id: Type.Optional(Id),
    script: Type.Optional(Type.String({ minLength: 10, maxLength: 102400 })),
    enable_websocket: Type.Optional(Type.Boolean()),
    hosts: Type.Optional(Type.Array(HostPattern, { minItems: 1, uniqueItems: true })),
  },
  CLOSED,
);

/** A service after validation: hosts in lower case, `id` that of the key. */
export type Service = Readonly<Omit<Static<typeof ServiceSchema>, "upstream" | "id">> & {
  readonly id: string;
  readonly upstream?: Upstream | undefined;
};
