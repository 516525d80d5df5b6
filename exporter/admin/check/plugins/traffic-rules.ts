import { checkSchema } from "../../schema/check-schema.ts";
import { isObject, type JsonObject, luaText } from "../../schema/lua-value.ts";
import { expressionFault } from "../expression-fault.ts";
import type { PluginConf, PluginRule } from "./plugin-rule.ts";
import { proxyRewrite } from "./rewriting-rules.ts";

const membersOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const objectsOf = (value: unknown): readonly JsonObject[] => membersOf(value).filter(isObject);

/** Runs the check on each until one has a fault. */
function first<T>(all: readonly T[], check: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const fault = check(one);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Here the words of a condition stand alone. */
export const faultInjection: PluginRule = ({ conf }) =>
  first([conf.abort, conf.delay], (part) =>
    isObject(part) ? first(membersOf(part.vars), expressionFault) : undefined,
  );

export const trafficSplit: PluginRule = ({ conf }) =>
  first(objectsOf(conf.rules), (rule) =>
    first(objectsOf(rule.match), (match) => {
      const fault = expressionFault(match.vars);
      return fault && `failed to validate the 'vars' expression: ${fault}`;
    }),
  );

export const trafficLabel: PluginRule = (given) =>
  first(objectsOf(given.conf.rules), (rule) => {
    const fault = expressionFault(rule.match ?? []);
    if (fault !== undefined) {
      return `failed to validate the 'match' expression: ${JSON.stringify(rule.match)} err: ${fault}`;
    }
    return first(objectsOf(rule.actions), (action) => labelActionFault(action, given));
  });

function labelActionFault(action: JsonObject, given: PluginConf): string | undefined {
  const names = Object.keys(action).filter((name) => name !== "weight");
  return first(names, (name) => {
    if (name !== "set_headers") return `not supported action: ${name}`;
    const fault = proxyRewrite({ ...given, conf: { headers: action[name] } });
    return fault && `failed to validate the '${name}' action: ${fault}`;
  });
}

const RETURN = {
  type: "object",
  properties: { code: { type: "integer", minimum: 100, maximum: 599 } },
  required: ["code"],
} as const;

/** Plugins that a workflow can run. */
const LIMITS = new Set(["limit-count", "limit-conn"]);

/** APISIX lets a `case` pass that is no condition; it fails when a request comes. */
export const workflow: PluginRule = ({ conf, checkOther }) =>
  first(objectsOf(conf.rules), (rule) =>
    first(membersOf(rule.actions), (action) => {
      const [word, settings = null] = membersOf(action);
      const name = luaText(word);
      if (name !== "return" && !LIMITS.has(name)) return `unsupported action: ${name}`;
      const fault =
        name === "return" ? checkSchema(RETURN, settings) : limitFault(name, settings, checkOther);
      return fault && `failed to validate the '${name}' action: ${fault}`;
    }),
  );

/** A group would count together what the workflow counts apart. */
function limitFault(name: string, settings: unknown, checkOther: PluginConf["checkOther"]) {
  const fault = checkOther(name, settings);
  if (fault !== undefined || name !== "limit-count" || !isObject(settings)) return fault;
  return Object.hasOwn(settings, "group") ? "group is not supported" : undefined;
}

/** The zones of APISIX's own configuration, and whether each is on a disk. */
const ZONES: ReadonlyMap<string, string> = new Map([
  ["disk_cache_one", "disk"],
  ["memory_cache", "memory"],
]);

/** A zone is of one kind; the method is a part of every key already. */
export const proxyCache: PluginRule = ({ conf }) => {
  if (membersOf(conf.cache_key).includes("$request_method")) {
    return "cache_key variable $request_method unsupported";
  }
  const strategy = ZONES.get(luaText(conf.cache_zone));
  if (strategy === undefined) return `cache_zone ${luaText(conf.cache_zone)} not found`;
  return strategy === conf.cache_strategy
    ? undefined
    : `invalid or empty cache_zone for cache_strategy: ${luaText(conf.cache_strategy)}`;
};

/** Each rule counts by its key. */
export const quotaRules: PluginRule = ({ conf }) => {
  const known = new Set<unknown>();
  return first(objectsOf(conf.rules), ({ key }) => {
    if (known.has(key)) return `duplicate key '${luaText(key)}' in rules`;
    known.add(key);
    return undefined;
  });
};
