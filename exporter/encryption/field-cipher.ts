import { isJsonObject } from "../../shared/json-object.ts";
import { HTTP_PLUGIN_SCHEMAS, STREAM_PLUGIN_SCHEMAS } from "../../shared/plugins/schemas/index.ts";
import type { PluginSchemas } from "../../shared/plugins/schemas/plugin-schemas.ts";
import type { KindName } from "../../shared/resources/resource-key.ts";
import { eachText } from "./each-text.ts";
import type { Keyring } from "./keyring.ts";

type Change = (text: string) => string;

/**
 * Encrypts and decrypts, in place, the secret fields of a resource as APISIX does: those that a plugin's
 * schema names in `encrypt_fields`, the keys of TLS objects, and the client key of an upstream.
 */
export interface FieldCipher {
  /** As it is stored. */
  encrypt(kind: KindName, id: string, value: JsonObject): void;
  /** As plugins need it; what is not encrypted stays. */
  decrypt(kind: KindName, id: string, value: JsonObject): void;
}

export type JsonObject = Record<string, unknown>;

/** Without a keyring values are stored, and read, as they are. */
export const NO_CIPHER: FieldCipher = { encrypt: () => {}, decrypt: () => {} };

export function fieldCipher(keyring: Keyring): FieldCipher {
  const encrypt: Change = (text) => keyring.encrypt(text);
  const decrypt: Change = (text) => keyring.decrypt(text);
  return {
    encrypt: (kind, id, value) => {
      // What is no PEM text is encrypted already: a client sends back what it got.
      changeKeys(kind, value, (text) => (text.startsWith("---") ? encrypt(text) : text));
      changePlugins(kind, id, value, encrypt);
    },
    decrypt: (kind, id, value) => {
      changeKeys(kind, value, (text) => (text.startsWith("---") ? text : decrypt(text)));
      changePlugins(kind, id, value, decrypt);
    },
  };
}

const OF_INLINE_UPSTREAM = ["upstream.tls.client_key"];

/** Private keys outside of plugins. */
const KEY_FIELDS: Readonly<Partial<Record<KindName, readonly string[]>>> = {
  ssls: ["key", "keys"],
  upstreams: ["tls.client_key"],
  routes: OF_INLINE_UPSTREAM,
  services: OF_INLINE_UPSTREAM,
  stream_routes: OF_INLINE_UPSTREAM,
};

function changeKeys(kind: KindName, value: JsonObject, change: Change): void {
  changeFields(value, KEY_FIELDS[kind], change);
}

function changePlugins(kind: KindName, id: string, value: JsonObject, change: Change): void {
  if (kind === "plugin_metadata") {
    const schemas = schemasOf(HTTP_PLUGIN_SCHEMAS, id);
    changeFields(value, schemas?.metadataSchema?.encrypt_fields, change);
    return;
  }
  const { plugins } = value;
  if (!isJsonObject(plugins)) return;
  const table = kind === "stream_routes" ? STREAM_PLUGIN_SCHEMAS : HTTP_PLUGIN_SCHEMAS;
  const isOfConsumer = kind === "consumers" || kind === "credentials";
  for (const [name, config] of Object.entries(plugins)) {
    const schemas = schemasOf(table, name);
    const schema = (isOfConsumer ? schemas?.consumerSchema : undefined) ?? schemas?.schema;
    if (isJsonObject(config)) changeFields(config, schema?.encrypt_fields, change);
  }
}

function changeFields(
  config: JsonObject,
  fields: readonly string[] | undefined,
  change: Change,
): void {
  for (const field of fields ?? []) eachText(config, field.split("."), change);
}

/** `constructor` is no plugin. */
function schemasOf(
  table: Readonly<Record<string, PluginSchemas>>,
  name: string,
): PluginSchemas | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
