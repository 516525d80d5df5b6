import { checkSchema } from "../../../shared/json-schema/check-schema.ts";
import { isObject, type JsonObject, luaText } from "../../../shared/json-schema/lua-value.ts";
import { expressionFault } from "../../plugins/expression-fault.ts";
import { luaSourceFault } from "../../plugins/lua-source.ts";
import { RESOURCE_SCHEMAS } from "../schema/resource-schemas.ts";
import type { Checked, KindCheck } from "./check-context.ts";
import { checkPlugins } from "./check-plugins.ts";
import { upstreamFault } from "./check-upstream.ts";
import { type AdminFault, refused } from "./fault.ts";
import { bodyVariableFault } from "./json-path-fault.ts";
import { checkReferences, PLUGIN_CONFIG, SERVICE, UPSTREAM } from "./references.ts";

/** Routes, services and stream routes: what has an upstream and plugins. */

// Before the schema, which refuses these pairs as well, but in words that name neither field.
export const checkRoute: KindCheck = async (checked) => {
  const { value } = checked;
  for (const [one, other] of [
    ["host", "hosts"] as const,
    ["remote_addr", "remote_addrs"] as const,
  ]) {
    if (Object.hasOwn(value, one) && Object.hasOwn(value, other)) {
      return refused(`only one of ${one} or ${other} is allowed`);
    }
  }
  const schema = checkSchema(RESOURCE_SCHEMAS.route, value);
  if (schema !== undefined) return refused(`invalid configuration: ${schema.words}`);
  return (
    (await checkUpstreamOf(checked)) ??
    (await checkReferences(value, [UPSTREAM, SERVICE, PLUGIN_CONFIG], checked.context.lookups)) ??
    checkPluginsOf(checked, "http") ??
    checkConditions(value) ??
    checkLua(value)
  );
};

export const checkService: KindCheck = async (checked) => {
  const schema = checkSchema(RESOURCE_SCHEMAS.service, checked.value);
  if (schema !== undefined) return refused(`invalid configuration: ${schema.words}`);
  return (
    (await checkUpstreamOf(checked)) ??
    (await checkReferences(checked.value, [UPSTREAM], checked.context.lookups)) ??
    checkPluginsOf(checked, "http") ??
    checkScript(checked.value.script)
  );
};

export const checkStreamRoute: KindCheck = async (checked) => {
  const schema = checkSchema(RESOURCE_SCHEMAS.stream_route, checked.value);
  if (schema !== undefined) return refused(`invalid configuration: ${schema.words}`);
  const { lookups } = checked.context;
  return (
    (await checkUpstreamOf(checked)) ??
    (await checkReferences(checked.value, [UPSTREAM, SERVICE], lookups)) ??
    checkPluginsOf(checked, "stream")
  );
};

/** An inline upstream is checked twice, as in APISIX: with the whole, then by itself for all that is no schema. */
async function checkUpstreamOf({ value, context }: Checked): Promise<AdminFault | undefined> {
  if (!isObject(value.upstream)) return undefined;
  const fault = await upstreamFault(value.upstream, context.lookups);
  return fault === undefined ? undefined : refused(fault);
}

function checkPluginsOf({ value, context }: Checked, subsystem: "http" | "stream") {
  if (!isObject(value.plugins)) return undefined;
  const { enabled } = context;
  const fault = checkPlugins(value.plugins, { subsystem, use: "plugin", enabled });
  return fault === undefined ? undefined : refused(fault);
}

function checkConditions({ vars }: JsonObject): AdminFault | undefined {
  const fault = vars === undefined ? undefined : (expressionFault(vars) ?? bodyVariableFault(vars));
  return fault === undefined
    ? undefined
    : refused(`failed to validate the 'vars' expression: ${fault}`);
}

function checkLua({ filter_func, script }: JsonObject): AdminFault | undefined {
  const fault =
    filter_func === undefined ? undefined : luaSourceFault(`return ${luaText(filter_func)}`);
  return fault === undefined
    ? checkScript(script)
    : refused(`failed to load 'filter_func' string: ${fault}`);
}

function checkScript(script: unknown): AdminFault | undefined {
  const fault = script === undefined ? undefined : luaSourceFault(luaText(script));
  return fault === undefined ? undefined : refused(`failed to load 'script' string: ${fault}`);
}
