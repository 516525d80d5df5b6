import { fieldOf, isObject, type JsonObject } from "../../shared/json-schema/lua-value.ts";
import type { KindName } from "../../shared/resources/resource-key.ts";
import { resourceKey } from "../../shared/resources/resource-key.ts";
import { KIND_CHECKS } from "../admin/check/check-kinds.ts";
import type { EnabledPlugins } from "../admin/check/enabled-plugins.ts";
import type { KeyHolder, Lookups } from "../admin/check/lookups.ts";
import type { StoredResource } from "./stored-configuration.ts";
import type { WantedResource } from "./wanted-resource.ts";

/** Why a resource cannot be stored, in the words of the Admin API. */
export interface WantedFault {
  /** Below the prefix. */
  readonly key: string;
  readonly fault: string;
}

/**
 * All faults, at most one of each resource, in what etcd would hold afterwards: `wanted`, and of `kept` what
 * that has not. References must be to something there, and no two consumers may have the same key.
 */
export async function checkWanted(
  wanted: ReadonlyMap<string, WantedResource>,
  kept: ReadonlyMap<string, StoredResource>,
  enabled: EnabledPlugins,
): Promise<readonly WantedFault[]> {
  const lookups = new ResultLookups(wanted, kept);
  const faults: WantedFault[] = [];
  for (const { key, kind, id, value } of wanted.values()) {
    const [consumer] = id.split("/", 1);
    const fault = await KIND_CHECKS[kind]({
      // Checks fill in defaults.
      value: structuredClone(kind === "plugin_metadata" ? withoutId(value) : value),
      id: kind === "consumers" ? undefined : id.slice(kind === "credentials" ? lastSlash(id) : 0),
      consumer: kind === "credentials" ? consumer : undefined,
      context: { enabled, lookups },
    });
    const named = fault?.error_msg ?? misnamed(kind, id, value);
    if (named !== undefined) faults.push({ key, fault: named });
  }
  return faults;
}

function lastSlash(id: string): number {
  return id.lastIndexOf("/") + 1;
}

function withoutId({ id: _, ...value }: JsonObject): JsonObject {
  return value;
}

/** An item's key comes from its id, but a consumer is found by its user name. */
function misnamed(kind: KindName, id: string, value: JsonObject): string | undefined {
  return kind === "consumers" && value.username !== id ? "wrong username" : undefined;
}

/** Answers from what etcd would hold afterwards. */
class ResultLookups implements Lookups {
  readonly #result: ReadonlyMap<string, Pick<StoredResource, "kind" | "id" | "value">>;
  /** By plugin, field and value; made for a plugin's field when it is first asked for. */
  readonly #holders = new Map<string, Map<string, KeyHolder[]>>();

  constructor(
    wanted: ReadonlyMap<string, WantedResource>,
    kept: ReadonlyMap<string, StoredResource>,
  ) {
    this.#result = new Map<string, Pick<StoredResource, "kind" | "id" | "value">>([
      ...kept,
      ...wanted,
    ]);
  }

  async get(kind: KindName, id: string): Promise<JsonObject | undefined> {
    const found = this.#result.get(resourceKey(kind, id));
    // For APISIX a key that is there is enough, whatever its value.
    return found && (found.value ?? {});
  }

  async holdersOf(plugin: string, field: string, value: string): Promise<readonly KeyHolder[]> {
    const known = this.#holders.get(`${plugin} ${field}`) ?? this.#holdersBy(plugin, field);
    this.#holders.set(`${plugin} ${field}`, known);
    return known.get(value) ?? [];
  }

  async globalRulesWith(plugin: string): Promise<readonly string[]> {
    const rules = [...this.#result.values()].filter(({ kind }) => kind === "global_rules");
    return rules.filter(({ value }) => pluginOf(value, plugin) !== undefined).map(({ id }) => id);
  }

  #holdersBy(plugin: string, field: string): Map<string, KeyHolder[]> {
    const by = new Map<string, KeyHolder[]>();
    for (const { kind, id, value } of this.#result.values()) {
      if (kind !== "consumers" && kind !== "credentials") continue;
      const config = pluginOf(value, plugin);
      const held = isObject(config) ? fieldOf(config, field) : undefined;
      if (typeof held !== "string") continue;
      const [consumer = "", credential] = id.split("/credentials/");
      const holder = credential === undefined ? { consumer } : { consumer, credential };
      by.set(held, [...(by.get(held) ?? []), holder]);
    }
    return by;
  }
}

function pluginOf(value: JsonObject | undefined, plugin: string): unknown {
  const plugins = value && fieldOf(value, "plugins");
  return isObject(plugins) ? fieldOf(plugins, plugin) : undefined;
}
