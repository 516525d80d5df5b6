import type { IdentifyingPlugin } from "../../shared/plugins/identifying-plugins.ts";
import type { Values } from "../../shared/resources/resource.ts";

/** Whom an authentication plugin found. */
export interface Identity {
  readonly consumer: Values["consumers"];
  readonly credentialId: string | undefined;
  /** What the consumer or credential says of the plugin, its secret references resolved. */
  readonly auth: Readonly<Record<string, unknown>>;
}

/** The consumers of a generation. */
export interface Consumers {
  /** By what identifies a consumer to `plugin`: its key, its user name. */
  identified(plugin: IdentifyingPlugin, value: string): Promise<Identity | undefined>;
  consumer(username: string): Promise<Values["consumers"] | undefined>;
}
