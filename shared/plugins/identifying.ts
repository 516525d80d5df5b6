import { isJsonObject } from "../json-object.ts";

/**
 * The field of each authentication plugin, on a consumer or credential, by which a request finds it
 * (reference 2.5, 8.1).
 */
export const IDENTIFYING_FIELDS = {
  "key-auth": "key",
  "basic-auth": "username",
  "jwt-auth": "key",
  "hmac-auth": "key_id",
  "jwe-decrypt": "key",
} as const;

export type IdentifyingPlugin = keyof typeof IDENTIFYING_FIELDS;

export const IDENTIFYING_PLUGINS = Object.keys(IDENTIFYING_FIELDS) as readonly IdentifyingPlugin[];

/**
 * By which value requests find the holder of these plugins; a reference where it is one. Undefined where
 * they do not find it: it is without the plugin, has it switched off, or its value is no text.
 */
export function identifyingValue(plugins: unknown, plugin: IdentifyingPlugin): string | undefined {
  const value = enabledConfig(plugins, plugin)?.[IDENTIFYING_FIELDS[plugin]];
  return typeof value === "string" ? value : undefined;
}

/** The plugin's configuration; undefined where there is none, or it is switched off. */
export function enabledConfig(
  plugins: unknown,
  plugin: IdentifyingPlugin,
): Readonly<Record<string, unknown>> | undefined {
  if (!isJsonObject(plugins) || !Object.hasOwn(plugins, plugin)) return undefined;
  const config = plugins[plugin];
  if (!isJsonObject(config)) return undefined;
  const meta = config._meta;
  return isJsonObject(meta) && meta.disable === true ? undefined : config;
}
