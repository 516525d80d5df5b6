import type { CheckContext } from "../../exporter/admin/check/check-context.ts";
import { EVERY_PLUGIN } from "../../exporter/admin/check/enabled-plugins.ts";
import type { KeyHolder } from "../../exporter/admin/check/lookups.ts";
import type { JsonObject } from "../../shared/json-schema/lua-value.ts";
import { parseResourceKey } from "../../shared/resources/resource-key.ts";

/** A store with these resources, by key below the prefix, for checks to look into. */
export function storing(resources: Readonly<Record<string, JsonObject>>): CheckContext {
  const all = Object.entries(resources).flatMap(([key, value]) => {
    const parsed = parseResourceKey(key);
    return parsed.is === "resource" ? [{ kind: parsed.kind, id: parsed.id, value }] : [];
  });
  const pluginsOf = (value: JsonObject) => (value.plugins ?? {}) as Record<string, JsonObject>;
  return {
    enabled: EVERY_PLUGIN,
    lookups: {
      get: async (kind, id) => all.find((one) => one.kind === kind && one.id === id)?.value,
      globalRulesWith: async (plugin) =>
        all
          .filter(({ kind, value }) => kind === "global_rules" && plugin in pluginsOf(value))
          .map(({ id }) => id),
      holdersOf: async (plugin, field, wanted) =>
        all
          .filter(({ kind }) => kind === "consumers" || kind === "credentials")
          .filter(({ value }) => pluginsOf(value)[plugin]?.[field] === wanted)
          .map(({ id }): KeyHolder => {
            const [consumer = "", credential] = id.split("/credentials/");
            return credential === undefined ? { consumer } : { consumer, credential };
          }),
    },
  };
}
