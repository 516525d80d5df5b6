import type { TSchema } from "typebox";
import { ConsumerSchema, CredentialSchema } from "./consumer.ts";
import { GlobalRuleSchema, PluginConfigSchema } from "./plugin-config.ts";
import { PluginMetadataSchema } from "./plugin-metadata.ts";
import { ProtoSchema } from "./proto.ts";
import type { KindName } from "./resource-key.ts";
import { RouteSchema } from "./route.ts";
import { AwsSchema, GcpSchema, VaultSchema } from "./secret.ts";
import { ServiceSchema } from "./service.ts";
import { SslSchema } from "./ssl.ts";
import { StreamRouteSchema } from "./stream-route.ts";
import { UpstreamSchema } from "./upstream.ts";

/** The one table of kinds; everything that goes over all of them iterates this. */
export interface Kind {
  readonly name: KindName;
  /** The schema of the value of this id; undefined where the id is not one of this kind's. */
  schemaOf(id: string): TSchema | undefined;
  /** Why the edge does not serve this kind, where it does not. */
  readonly unserved?: { readonly reason: string; readonly remedy: string };
}

// A map: `secrets/constructor/1` must find nothing.
const SECRET_MANAGERS: ReadonlyMap<string, TSchema> = new Map<string, TSchema>([
  ["vault", VaultSchema],
  ["aws", AwsSchema],
  ["gcp", GcpSchema],
]);

export const KINDS: Readonly<Record<KindName, Kind>> = {
  routes: { name: "routes", schemaOf: () => RouteSchema },
  services: { name: "services", schemaOf: () => ServiceSchema },
  upstreams: { name: "upstreams", schemaOf: () => UpstreamSchema },
  plugin_configs: { name: "plugin_configs", schemaOf: () => PluginConfigSchema },
  global_rules: { name: "global_rules", schemaOf: () => GlobalRuleSchema },
  consumers: { name: "consumers", schemaOf: () => ConsumerSchema },
  credentials: { name: "credentials", schemaOf: () => CredentialSchema },
  consumer_groups: { name: "consumer_groups", schemaOf: () => PluginConfigSchema },
  plugin_metadata: { name: "plugin_metadata", schemaOf: () => PluginMetadataSchema },
  ssls: {
    name: "ssls",
    schemaOf: () => SslSchema,
    unserved: {
      reason: "Cloudflare terminates TLS before the Worker",
      remedy: "give the zone its certificates in Cloudflare",
    },
  },
  protos: {
    name: "protos",
    schemaOf: () => ProtoSchema,
    unserved: {
      reason: "gRPC transcoding needs trailers, which a Worker cannot read",
      remedy: "serve routes with grpc-transcode with APISIX itself",
    },
  },
  secrets: {
    name: "secrets",
    schemaOf: (id) => SECRET_MANAGERS.get(id.split("/")[0] as string),
    unserved: {
      reason: "the edge asks no secret manager",
      remedy:
        "give the Worker what references to it stand for, by its setting SECRETS (docs/secrets.md)",
    },
  },
  stream_routes: {
    name: "stream_routes",
    schemaOf: () => StreamRouteSchema,
    unserved: {
      reason: "Workers have no TCP or UDP listeners",
      remedy: "serve stream routes with APISIX itself",
    },
  },
};
