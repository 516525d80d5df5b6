import { checkSchema } from "../../../shared/json-schema/check-schema.ts";
import { isObject, type JsonObject, luaText } from "../../../shared/json-schema/lua-value.ts";
import { faultIn, faultOf, type ValueFault } from "../../../shared/json-schema/value-fault.ts";
import { conditionFault } from "../condition-fault.ts";
import {
  firstMember,
  firstObject,
  membersOf,
  type PluginConf,
  type PluginRule,
} from "./plugin-rule.ts";
import { proxyRewrite } from "./rewriting-rules.ts";

/** Here the words of a condition stand alone. */
export const faultInjection: PluginRule = ({ conf }) => {
  for (const name of ["abort", "delay"]) {
    const part = conf[name];
    const fault = isObject(part)
      ? firstMember(part, "vars", (vars) => conditionFault(vars))
      : undefined;
    if (fault !== undefined) return faultIn(name, fault);
  }
  return undefined;
};

export const trafficSplit: PluginRule = ({ conf }) =>
  firstObject(conf, "rules", (rule) =>
    firstObject(rule, "match", ({ vars }) => {
      const fault = conditionFault(vars, "failed to validate the 'vars' expression: ");
      return fault && faultIn("vars", fault);
    }),
  );

export const trafficLabel: PluginRule = (given) =>
  firstObject(given.conf, "rules", (rule) => {
    const before = `failed to validate the 'match' expression: ${JSON.stringify(rule.match)} err: `;
    const fault = conditionFault(rule.match ?? [], before);
    if (fault !== undefined) return faultIn("match", fault);
    return firstObject(rule, "actions", (action) => labelActionFault(action, given));
  });

function labelActionFault(action: JsonObject, given: PluginConf): ValueFault | undefined {
  for (const [name, headers] of Object.entries(action)) {
    if (name === "weight") continue;
    if (name !== "set_headers") {
      const words = `not supported action: ${name}`;
      return faultIn(name, faultOf(headers, "no action but set_headers", words));
    }
    const fault = proxyRewrite({ ...given, conf: { headers } });
    if (fault === undefined) continue;
    // The way is that of proxy-rewrite, whose field `headers` this action is.
    const [, ...way] = fault.way;
    const words = `failed to validate the '${name}' action: ${fault.words}`;
    return faultIn(name, { ...fault, way, words });
  }
  return undefined;
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
  firstObject(conf, "rules", (rule) =>
    firstMember(rule, "actions", (action) => {
      const [word, settings = null] = membersOf(action);
      const name = luaText(word);
      if (name !== "return" && !LIMITS.has(name)) {
        const wanted = `one of return, ${[...LIMITS].join(", ")}`;
        return faultIn(0, faultOf(word, wanted, `unsupported action: ${name}`));
      }
      const fault =
        name === "return" ? checkSchema(RETURN, settings) : limitFault(name, settings, checkOther);
      return fault && faultIn(1, fault, `failed to validate the '${name}' action: `);
    }),
  );

/** A group would count together what the workflow counts apart. */
function limitFault(name: string, settings: unknown, checkOther: PluginConf["checkOther"]) {
  const fault = checkOther(name, settings);
  if (fault !== undefined || name !== "limit-count" || !isObject(settings)) return fault;
  if (!Object.hasOwn(settings, "group")) return undefined;
  const wanted = "no group in a workflow";
  return faultIn("group", faultOf(settings.group, wanted, "group is not supported"));
}

/** A zone is of one kind; the method is a part of every key already. */
export const proxyCache: PluginRule = ({ conf, zones }) => {
  const method = membersOf(conf.cache_key).indexOf("$request_method");
  if (method >= 0) {
    const words = "cache_key variable $request_method unsupported";
    const fault = faultOf("$request_method", "another variable: the method counts anyway", words);
    return faultIn("cache_key", faultIn(method, fault));
  }
  if (zones === "any") return undefined;
  const zone = luaText(conf.cache_zone);
  const strategy = zones.get(zone);
  if (strategy === undefined) {
    const known = `one of ${[...zones.keys()].join(", ")}`;
    return faultIn("cache_zone", faultOf(conf.cache_zone, known, `cache_zone ${zone} not found`));
  }
  if (strategy === conf.cache_strategy) return undefined;
  const wanted = luaText(conf.cache_strategy);
  const words = `invalid or empty cache_zone for cache_strategy: ${wanted}`;
  return faultIn("cache_zone", faultOf(conf.cache_zone, `a zone of strategy ${wanted}`, words));
};

/** Whoever settles with Redis later must do so within the window; and each rule counts by its key. */
export const limitCount: PluginRule = (given) => syncFault(given.conf) ?? quotaRules(given);

function syncFault(conf: JsonObject): ValueFault | undefined {
  const { policy, sync_interval: interval, time_window: window } = conf;
  if (!luaText(policy).startsWith("redis")) return undefined;
  if (typeof interval !== "number" || interval === -1) return undefined;
  const fault = (wanted: string, words: string) =>
    faultIn("sync_interval", faultOf(interval, wanted, `sync_interval should ${words}`));
  if (interval < 0.1) return fault("0.1 s or more", "not be smaller than 0.1");
  return typeof window === "number" && interval >= window
    ? fault("less than the time_window", "be smaller than time_window")
    : undefined;
}

/** Each rule counts by its key. */
export const quotaRules: PluginRule = ({ conf }) => {
  const known = new Set<unknown>();
  return firstObject(conf, "rules", ({ key }) => {
    if (known.has(key)) {
      const words = `duplicate key '${luaText(key)}' in rules`;
      return faultIn("key", faultOf(key, "a key that no other rule has", words));
    }
    known.add(key);
    return undefined;
  });
};
