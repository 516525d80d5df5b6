import type { Consumer, Credential } from "./consumer.ts";
import type { ConsumerGroup, GlobalRule, PluginConfig } from "./plugin-config.ts";
import type { PluginMetadata } from "./plugin-metadata.ts";
import type { Proto } from "./proto.ts";
import type { KindName } from "./resource-key.ts";
import type { Route } from "./route.ts";
import type { Secret } from "./secret.ts";
import type { Service } from "./service.ts";
import type { Ssl } from "./ssl.ts";
import type { StreamRoute } from "./stream-route.ts";
import type { Upstream } from "./upstream.ts";

/** The value of each kind, validated and with defaults applied. */
export interface Values {
  readonly routes: Route;
  readonly services: Service;
  readonly upstreams: Upstream;
  readonly plugin_configs: PluginConfig;
  readonly global_rules: GlobalRule;
  readonly consumers: Consumer;
  readonly credentials: Credential;
  readonly consumer_groups: ConsumerGroup;
  readonly plugin_metadata: PluginMetadata;
  readonly ssls: Ssl;
  readonly protos: Proto;
  readonly secrets: Secret;
  readonly stream_routes: StreamRoute;
}

/** A validated APISIX object under its key. */
export interface Resource<K extends KindName = KindName> {
  /** Below the prefix, e.g. `routes/1`. */
  readonly key: string;
  readonly kind: K;
  readonly id: string;
  /** etcd's modRevision of the value. */
  readonly modRevision: number;
  readonly value: Values[K];
}
