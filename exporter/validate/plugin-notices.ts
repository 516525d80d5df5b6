import { checkExpression, type ExpressionProblem } from "../../shared/expression/check.ts";
import { ExpressionError, parseExpression } from "../../shared/expression/parse.ts";
import { judgePcre } from "../../shared/expression/pcre-verdict.ts";
import { isObject, type JsonObject } from "../../shared/json-schema/lua-value.ts";
import { isDisabled } from "../../shared/plugins/support.ts";
import type { Resource } from "../../shared/resources/resource.ts";
import type { KindName } from "../../shared/resources/resource-key.ts";
import type { InnerPlace } from "../plugins/inner-places.ts";
import { conditionsIn, patternsIn } from "../plugins/plugin-patterns.ts";
import type { Notice } from "../rejection.ts";
import { joinPath } from "./fault.ts";
import { disabledFaults } from "./plugin-faults.ts";

type Unplaced = Omit<Notice, "key">;

/**
 * What of valid configurations of plugins the edge cannot do, or nobody can; `isIgnored` tells of which plugins
 * nothing is done anyway.
 */
export function pluginNotices(
  resource: Resource,
  isIgnored: (plugin: string) => boolean,
): readonly Unplaced[] {
  const value = resource.value as JsonObject;
  if (!hasPlugins(resource.kind) || !isObject(value.plugins)) return [];
  const plugins = value.plugins as Readonly<Record<string, JsonObject>>;
  const disabled = disabledFaults(resource.kind, resource.id, value).map(
    ({ path, found, wanted }): Unplaced => ({
      path,
      effect: "ignored",
      reason: `the plugin is disabled, and could not be enabled: found ${found}, want ${wanted}`,
      remedy: "correct it before the plugin is enabled, or take it out",
    }),
  );
  const enabled = Object.entries(plugins).flatMap(([name, conf]) => {
    if (isDisabled(conf) || isIgnored(name)) return [];
    return [
      ...patternsIn(name, conf).flatMap((place) => patternNotice(name, place.way, place.value)),
      ...conditionsIn(name, conf).flatMap((place) => conditionNotices(name, place)),
    ];
  });
  return [...disabled, ...enabled];
}

function pathOf(plugin: string, way: InnerPlace["way"], below = ""): string {
  const whole = ["plugins", plugin, ...way.map(String)].reduce(joinPath, "");
  return whole + below;
}

function patternNotice(plugin: string, way: InnerPlace["way"], pattern: string): Unplaced[] {
  const verdict = judgePcre(pattern);
  const path = pathOf(plugin, way);
  if (verdict.is === "unsupported") return [unsupported(path, verdict.construct)];
  return verdict.is === "wrong" ? [matchesNothing(path, verdict.why)] : [];
}

/** APISIX checks most conditions, and has no resource with a wrong one; those that it does not fail later. */
function conditionNotices(plugin: string, { way, value }: InnerPlace): Unplaced[] {
  try {
    const problems = checkExpression(parseExpression(value));
    return problems.map((problem) => problemNotice(pathOf(plugin, way, problem.path), problem));
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { path, found, wanted } = error;
    return [
      {
        path: pathOf(plugin, way, path),
        effect: "refused",
        reason: `it is no condition (found ${found}, want ${wanted}), and APISIX, too, fails on it`,
        remedy: "correct it",
      },
    ];
  }
}

function problemNotice(path: string, problem: ExpressionProblem): Unplaced {
  switch (problem.is) {
    case "unsupported":
      return unsupported(path, problem.construct);
    case "matches nothing":
      return matchesNothing(path, problem.why);
    case "refused": {
      const reason = `nothing is found there: found ${problem.found}, want ${problem.wanted}`;
      return { path, effect: "ignored", reason, remedy: "correct it" };
    }
  }
}

function unsupported(path: string, construct: string): Unplaced {
  return {
    path,
    effect: "refused",
    reason: `${construct}, which no edge can evaluate; requests that need it are answered with 503`,
    remedy: "write it in another way, or serve the route with APISIX itself",
  };
}

function matchesNothing(path: string, why: string): Unplaced {
  return {
    path,
    effect: "ignored",
    reason: `it is no regular expression (${why}) and is found nowhere, as in APISIX`,
    remedy: "correct it",
  };
}

/** What others call `plugins` is their own business. */
export function hasPlugins(kind: KindName): boolean {
  return kind !== "secrets" && kind !== "plugin_metadata";
}
