import { checkSchema, isReference } from "../../../shared/json-schema/check-schema.ts";
import { isObject, type JsonObject, luaText } from "../../../shared/json-schema/lua-value.ts";
import { isAuthPlugin } from "../../plugins/check-plugin.ts";
import { UNIQUE_FIELDS } from "../../table/identities.ts";
import { RESOURCE_SCHEMAS } from "../schema/resource-schemas.ts";
import type { KindCheck } from "./check-context.ts";
import { checkPlugins } from "./check-plugins.ts";
import type { EnabledPlugins } from "./enabled-plugins.ts";
import { type AdminFault, refused } from "./fault.ts";
import type { KeyHolder, Lookups } from "./lookups.ts";
import { CONSUMER_GROUP, checkReferences } from "./references.ts";

/** Consumers and their credentials. */

export const checkConsumer: KindCheck = async ({ value, id, context }) => {
  const schema = checkSchema(RESOURCE_SCHEMAS.consumer, value);
  if (schema !== undefined) return refused(`invalid configuration: ${schema.words}`);
  if (id !== undefined && id !== value.username) return refused("wrong username");
  const self: KeyHolder = { consumer: luaText(value.username) };
  return (
    checkPluginsOf(value, context.enabled) ??
    (await checkDuplicates(value.plugins, self, context.lookups)) ??
    (await checkReferences(value, [CONSUMER_GROUP], context.lookups))
  );
};

/** Its consumer is looked for last: a credential that could not be stored anyway is told what is wrong. */
export const checkCredential: KindCheck = async ({ value, id, consumer, context }) => {
  const schema = checkSchema(RESOURCE_SCHEMAS.credential, value);
  if (schema !== undefined) return refused(`invalid configuration: ${schema.words}`);
  const plugins = checkPluginsOf(value, context.enabled);
  if (plugins !== undefined) return plugins;
  const names = isObject(value.plugins) ? Object.keys(value.plugins) : [];
  if (!names.every(isAuthPlugin)) {
    return refused("only supports auth type plugins in consumer credential");
  }
  if (consumer === undefined || context.lookups === undefined) return undefined;
  if ((await context.lookups.get("consumers", consumer)) === undefined) {
    return refused("consumer not found", 404);
  }
  const self: KeyHolder = { consumer, credential: id ?? "" };
  return checkDuplicates(value.plugins, self, context.lookups);
};

function checkPluginsOf({ plugins }: JsonObject, enabled: EnabledPlugins) {
  if (!isObject(plugins)) return undefined;
  const fault = checkPlugins(plugins, { subsystem: "http", use: "consumer", enabled });
  return fault === undefined ? undefined : refused(`invalid plugins configuration: ${fault}`);
}

async function checkDuplicates(
  plugins: unknown,
  self: KeyHolder,
  lookups: Lookups | undefined,
): Promise<AdminFault | undefined> {
  if (!isObject(plugins) || lookups === undefined) return undefined;
  for (const [plugin, field] of Object.entries(UNIQUE_FIELDS)) {
    const conf = Object.hasOwn(plugins, plugin) ? plugins[plugin] : undefined;
    const key = isObject(conf) ? conf[field] : undefined;
    // What a reference stands for is known only where it is used.
    if (typeof key !== "string" || isReference(key)) continue;
    const holders = await lookups.holdersOf(plugin, field, key);
    const other = holders.find((holder) => !isSame(holder, self));
    if (other === undefined) continue;
    const who =
      other.credential === undefined
        ? `consumer: ${other.consumer}`
        : `credential: ${other.credential} of consumer: ${other.consumer}`;
    return refused(`duplicate key of plugin ${plugin} found with ${who}`);
  }
  return undefined;
}

function isSame(a: KeyHolder, b: KeyHolder): boolean {
  return a.consumer === b.consumer && a.credential === b.credential;
}
