import { isObject, type JsonObject } from "../../../shared/json-schema/lua-value.ts";
import { configurationFault, metaFault } from "../../plugins/check-plugin.ts";
import type { Subsystem } from "../../plugins/plugin-schema.ts";
import type { EnabledPlugins } from "./enabled-plugins.ts";

/** Where a set of plugins stands, and which there are. */
export interface PluginPlace {
  readonly subsystem: Subsystem;
  readonly use: "plugin" | "consumer";
  readonly enabled: EnabledPlugins;
}

/** The first fault of a set of plugins, in its order and in APISIX's words; fills in defaults in place. */
export function checkPlugins(plugins: JsonObject, place: PluginPlace): string | undefined {
  for (const [name, conf] of Object.entries(plugins)) {
    const fault = checkPlugin(name, conf, place);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** What it is comes before whether it is known: `{"nope": 5}` is told by its 5. */
function checkPlugin(name: string, conf: unknown, place: PluginPlace): string | undefined {
  const { subsystem, use, enabled } = place;
  if (typeof conf !== "object" || conf === null) {
    return `invalid plugin conf ${JSON.stringify(conf)} for plugin [${name}]`;
  }
  if (!enabled[subsystem].has(name)) return `unknown plugin [${name}]`;
  const fault = configurationFault(subsystem, name, conf, use)?.words;
  if (fault !== undefined) {
    return subsystem === "http"
      ? `failed to check the configuration of plugin ${name} err: ${fault}`
      : `failed to check the configuration of stream plugin [${name}]: ${fault}`;
  }
  return subsystem === "http" && isObject(conf) ? metaFault(name, conf)?.words : undefined;
}
