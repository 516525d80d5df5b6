import { isObject } from "../../shared/json-schema/lua-value.ts";
import { pluginSchema, type SchemaUse, type Subsystem } from "../plugins/plugin-schema.ts";
import { type Answer, Refusal, refusal } from "./answer.ts";
import type { EnabledPlugins } from "./check/enabled-plugins.ts";
import { validateConfigs } from "./check/validate-configs.ts";
import { validateSchema } from "./check/validate-schema.ts";
import { listPlugins, showPlugins } from "./schema/plugin-list.ts";
import { resourceSchema } from "./schema/resource-schemas.ts";

/** `/plugins`, `/schema` and `/configs/validate`: what needs no etcd (reference 9.6). */

const SCHEMA_USES: ReadonlyMap<string | null, SchemaUse> = new Map([
  ["consumer", "consumer"],
  ["metadata", "metadata"],
]);

/** `GET /plugins…`; `name` is what follows. */
export function showPluginsAnswer(
  name: string | undefined,
  query: URLSearchParams,
  enabled: EnabledPlugins,
): Answer {
  const subsystem = query.get("subsystem") ?? "http";
  const isKnown = subsystem === "http" || subsystem === "stream";
  if (name === "list") {
    if (!isKnown) throw new Refusal(400, "invalid subsystem passed");
    return { status: 200, body: listPlugins(subsystem, enabled[subsystem]) };
  }
  if (!isKnown) throw refusal(400, `unsupported subsystem: ${subsystem}`);
  if (name !== undefined) return pluginAnswer(name, subsystem, query);
  if (query.get("all") !== "true") throw refusal(400, "not found plugin name");
  return { status: 200, body: showPlugins(subsystem, enabled[subsystem]) };
}

/** `GET /plugins/{name}` and `GET /schema/plugins/{name}`. */
function pluginAnswer(name: string, subsystem: Subsystem, query: URLSearchParams): Answer {
  const use = SCHEMA_USES.get(query.get("schema_type")) ?? "plugin";
  const schema = pluginSchema(subsystem, name, use);
  if (!schema) throw refusal(404, `plugin not found in subsystem ${subsystem}`);
  return { status: 200, body: schema };
}

/** `GET /schema/{type}`, where the type is in the singular. */
export function showSchemaAnswer(rest: readonly string[], query: URLSearchParams): Answer {
  const [type = "", name] = rest;
  if (type === "plugins" && name !== undefined) {
    const subsystem = query.get("subsystem") === "stream" ? "stream" : "http";
    return pluginAnswer(name, subsystem, query);
  }
  const schema = resourceSchema(type);
  if (!schema) throw refusal(400, `not found schema: ${type}`);
  return { status: 200, body: schema };
}

/** `POST /schema/validate/{kind}`, where the kind is in the plural. */
export function validateSchemaAnswer(kind: string, value: unknown): Answer {
  const fault = validateSchema(kind, value);
  if (!fault) return { status: 200 };
  const { status, ...body } = fault;
  return { status, body };
}

/** `POST /configs/validate`: all faults of a whole configuration. */
export async function validateConfigsAnswer(
  value: unknown,
  enabled: EnabledPlugins,
): Promise<Answer> {
  if (value === undefined) throw refusal(400, "missing configurations");
  if (!isObject(value) || Array.isArray(value)) throw refusal(400, "invalid configuration");
  const errors = await validateConfigs(value, enabled);
  if (errors.length === 0) return { status: 200, body: {} };
  return { status: 400, body: { error_msg: "Configuration validation failed", errors } };
}
