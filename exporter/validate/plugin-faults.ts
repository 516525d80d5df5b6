import { copyOf, isObject, type JsonObject } from "../../shared/json-schema/lua-value.ts";
import type { ValueFault } from "../../shared/json-schema/value-fault.ts";
import { isDisabled } from "../../shared/plugins/support.ts";
import type { KindName } from "../../shared/resources/resource-key.ts";
import { configurationFault, metaFault } from "../plugins/check-plugin.ts";
import {
  isKnownPlugin,
  pluginSchema,
  type SchemaUse,
  type Subsystem,
} from "../plugins/plugin-schema.ts";
import { describerOf } from "./describe.ts";
import { type Fault, joinPath } from "./fault.ts";

/** The configurations of plugins in one resource, as APISIX's data plane checks them (reference 1.3). */

/** One plugin's configuration, and where it stands. */
interface PlacedPlugin {
  readonly kind: KindName;
  readonly subsystem: Subsystem;
  readonly use: SchemaUse;
  readonly name: string;
  readonly conf: JsonObject;
}

/**
 * The first configuration that makes APISIX refuse the whole resource. A plugin that nobody knows is passed
 * over, and a disabled one may have any settings; but a condition of its own must be one all the same.
 */
export function pluginFault(kind: KindName, id: string, value: JsonObject): Fault | undefined {
  for (const plugin of pluginsIn(kind, id, value)) {
    const fault = settingsFault(plugin);
    if (fault !== undefined && !isDisabled(plugin.conf)) return told(plugin, fault);
    const meta = plugin.subsystem === "http" ? metaFault(plugin.name, plugin.conf) : undefined;
    if (meta !== undefined) return told(plugin, meta);
  }
  return undefined;
}

/** Of disabled plugins those whose settings would be refused were they enabled. */
export function disabledFaults(kind: KindName, id: string, value: JsonObject): readonly Fault[] {
  return pluginsIn(kind, id, value).flatMap((plugin) => {
    const fault = isDisabled(plugin.conf) ? settingsFault(plugin) : undefined;
    return fault === undefined ? [] : [told(plugin, fault)];
  });
}

/** Those that there is a schema for. */
function pluginsIn(kind: KindName, id: string, value: JsonObject): readonly PlacedPlugin[] {
  if (kind === "plugin_metadata") {
    // The Admin API stores the name with the rest, and it is no setting.
    const { id: _, ...conf } = value;
    const plugin: PlacedPlugin = { kind, subsystem: "http", use: "metadata", name: id, conf };
    return isKnown(plugin) ? [plugin] : [];
  }
  // Most routes have none, and of a secret a field of this name is anything.
  if (kind === "secrets" || !isObject(value.plugins)) return [];
  const subsystem = kind === "stream_routes" ? "stream" : "http";
  const use = kind === "consumers" || kind === "credentials" ? "consumer" : "plugin";
  return Object.entries(value.plugins as Readonly<Record<string, JsonObject>>)
    .map(([name, conf]): PlacedPlugin => ({ kind, subsystem, use, name, conf }))
    .filter(isKnown);
}

function isKnown({ subsystem, name }: PlacedPlugin): boolean {
  return isKnownPlugin(subsystem, name);
}

/** Checks fill in defaults, which are the edge's to fill in. */
function settingsFault({ subsystem, name, conf, use }: PlacedPlugin): ValueFault | undefined {
  return configurationFault(subsystem, name, copyOf(conf), use, "any");
}

/** Names under which secrets stand in settings, whatever APISIX encrypts. */
const SECRET_NAME = /(authorization|cookie|key|password|secret|token)$/i;

function told({ kind, subsystem, use, name, conf }: PlacedPlugin, fault: ValueFault): Fault {
  const { way, wanted } = fault;
  // Of an object as it was written, without the defaults.
  const isTable = typeof fault.found === "object" && fault.found !== null;
  const found = isTable ? valueAt(conf, way) : fault.found;
  const below = use === "metadata" ? "" : joinPath("plugins", name);
  const path = way.reduce<string>((outer, step) => joinPath(outer, String(step)), below);
  const isSecret = isEncrypted(subsystem, name, use, way) || SECRET_NAME.test(path);
  const shown =
    isSecret && typeof found === "string"
      ? `a text of ${found.length} characters`
      : describerOf(kind)(path, found);
  return { path, found: shown, wanted };
}

function valueAt(conf: JsonObject, way: ValueFault["way"]): unknown {
  return way.reduce<unknown>(
    (inner, step) =>
      isObject(inner) || Array.isArray(inner) ? Reflect.get(inner, step) : undefined,
    conf,
  );
}

/** Whether APISIX encrypts the field, or one that it is in. */
function isEncrypted(
  subsystem: Subsystem,
  name: string,
  use: SchemaUse,
  way: ValueFault["way"],
): boolean {
  const schema = pluginSchema(subsystem, name, use) ?? pluginSchema(subsystem, name, "plugin");
  const field = `${way.filter((step) => typeof step === "string").join(".")}.`;
  return (schema?.encrypt_fields ?? []).some((secret) => field.startsWith(`${secret}.`));
}
