import {
  type CataloguedPlugin,
  HTTP_PLUGINS,
  STREAM_PLUGINS,
} from "../../../shared/plugins/catalogue.ts";
import type { JsonSchema } from "../../../shared/plugins/json-schema.ts";
import { pluginSchema, type Subsystem } from "../../plugins/plugin-schema.ts";

/** A plugin as `GET /plugins?all=true` shows it. */
export interface ShownPlugin {
  /** Of the plugin itself, e.g. 0.1. */
  readonly version: number;
  readonly priority: number;
  readonly schema: JsonSchema;
  readonly consumer_schema?: JsonSchema;
  readonly metadata_schema?: JsonSchema;
  readonly type?: "auth";
  readonly scope?: "global";
}

const FIRST = 0.1;
const LATER_NUMBERS: ReadonlyMap<string, number> = new Map([
  ["limit-count", 0.4],
  ["openid-connect", 0.2],
  ["prometheus", 0.2],
  ["proxy-cache", 0.2],
]);

/** They act on the whole gateway, so no route has them. */
const GLOBAL = new Set([
  "ai",
  "batch-requests",
  "error-log-logger",
  "inspect",
  "log-rotate",
  "node-status",
  "server-info",
]);

/** Names of the enabled plugins, the highest priority first: `GET /plugins/list`. */
export function listPlugins(subsystem: Subsystem, enabled: ReadonlySet<string>): string[] {
  return pluginsOf(subsystem, enabled).map(({ name }) => name);
}

/** The enabled plugins by name: `GET /plugins?all=true`. */
export function showPlugins(
  subsystem: Subsystem,
  enabled: ReadonlySet<string>,
): Readonly<Record<string, ShownPlugin>> {
  const shown = pluginsOf(subsystem, enabled).map((plugin) => [
    plugin.name,
    showPlugin(subsystem, plugin),
  ]);
  return Object.fromEntries(shown);
}

function pluginsOf(subsystem: Subsystem, enabled: ReadonlySet<string>) {
  const all = subsystem === "http" ? HTTP_PLUGINS : STREAM_PLUGINS;
  return all.filter(({ name }) => enabled.has(name)).toSorted((a, b) => b.priority - a.priority);
}

function showPlugin(subsystem: Subsystem, { name, priority, auth }: CataloguedPlugin): ShownPlugin {
  const consumer = pluginSchema(subsystem, name, "consumer");
  const metadata = pluginSchema(subsystem, name, "metadata");
  return {
    version: LATER_NUMBERS.get(name) ?? FIRST,
    priority,
    schema: pluginSchema(subsystem, name, "plugin") ?? { type: "object" },
    ...(consumer && { consumer_schema: consumer }),
    ...(metadata && { metadata_schema: metadata }),
    ...(auth && { type: "auth" }),
    ...(GLOBAL.has(name) && { scope: "global" }),
  };
}
