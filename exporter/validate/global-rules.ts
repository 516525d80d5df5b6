import type { Resource } from "../../shared/resources/resource.ts";
import type { Notice } from "../rejection.ts";

/** Plugins that several global rules have: APISIX then runs none of them, and says so in its log only. */
export function conflictingRules(
  rules: Iterable<Resource<"global_rules">>,
  wholeKey: (key: string) => string,
): Notice[] {
  const byPlugin = new Map<string, string[]>();
  for (const { key, value } of rules) {
    for (const name of Object.keys(value.plugins)) {
      byPlugin.set(name, [...(byPlugin.get(name) ?? []), key]);
    }
  }
  return [...byPlugin].flatMap(([name, keys]) => {
    if (keys.length === 1) return [];
    return keys.toSorted().map((key): Notice => {
      const others = keys.filter((other) => other !== key).toSorted();
      return {
        key: wholeKey(key),
        path: `plugins.${name}`,
        effect: "ignored",
        reason: `${others.map(wholeKey).join(", ")} has it too, and then none of them runs`,
        remedy: "keep it in one global rule",
      };
    });
  });
}
