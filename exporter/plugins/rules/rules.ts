import { luaText } from "../../../shared/json-schema/lua-value.ts";
import { faultIn, faultOf } from "../../../shared/json-schema/value-fault.ts";
import { conditionFault } from "../condition-fault.ts";
import { addressListFault } from "../ip-list.ts";
import { luaSourceFault } from "../lua-source.ts";
import { pcreListFault } from "../pcre-fault.ts";
import * as auth from "./auth-rules.ts";
import { firstMember, type PluginRule } from "./plugin-rule.ts";
import * as request from "./request-rules.ts";
import * as rewriting from "./rewriting-rules.ts";
import * as traffic from "./traffic-rules.ts";

const ipRestriction: PluginRule = ({ conf }) =>
  addressListFault("whitelist", conf.whitelist) ?? addressListFault("blacklist", conf.blacklist);

const realIp: PluginRule = ({ conf }) =>
  addressListFault("trusted_addresses", conf.trusted_addresses);

const uaRestriction: PluginRule = ({ conf }) =>
  pcreListFault("allowlist", conf.allowlist) ?? pcreListFault("denylist", conf.denylist);

const uriBlocker: PluginRule = ({ conf }) => pcreListFault("block_rules", conf.block_rules);

const luaFunctions: PluginRule = ({ conf }) =>
  firstMember(conf, "functions", (source) => {
    const said = luaSourceFault(luaText(source));
    if (said === undefined) return undefined;
    return faultOf(source, "Lua that compiles", `failed to loadstring: ${said}`);
  });

const LOGGED_BODIES = ["include_req_body_expr", "include_resp_body_expr"];

/** Of which requests the bodies are logged. */
const loggedBodies: PluginRule = ({ conf, use }) => {
  if (use === "metadata") return undefined;
  for (const field of LOGGED_BODIES) {
    const before = `failed to validate the '${field}' expression: `;
    const fault = conf[field] === undefined ? undefined : conditionFault(conf[field], before);
    if (fault !== undefined) return faultIn(field, fault);
  }
  return undefined;
};

/** A map: a plugin named `constructor` has no rule. */
const HTTP_RULES: ReadonlyMap<string, PluginRule> = new Map([
  ["ip-restriction", ipRestriction],
  ["real-ip", realIp],
  ["ua-restriction", uaRestriction],
  ["uri-blocker", uriBlocker],
  ["cors", request.cors],
  ["request-validation", request.requestValidation],
  ["oas-validator", request.oasValidator],
  ["mocking", request.mocking],
  ["degraphql", request.degraphql],
  ["fault-injection", traffic.faultInjection],
  ["traffic-split", traffic.trafficSplit],
  ["traffic-label", traffic.trafficLabel],
  ["workflow", traffic.workflow],
  ["proxy-cache", traffic.proxyCache],
  ["graphql-proxy-cache", traffic.proxyCache],
  ["limit-count", traffic.limitCount],
  ["graphql-limit-count", traffic.limitCount],
  ["ai-rate-limiting", traffic.quotaRules],
  ["limit-conn", traffic.quotaRules],
  ["proxy-rewrite", rewriting.proxyRewrite],
  ["response-rewrite", rewriting.responseRewrite],
  ["redirect", rewriting.redirect],
  ["jwt-auth", auth.jwtAuth],
  ["jwe-decrypt", auth.jweDecrypt],
  ["multi-auth", auth.multiAuth],
  ["serverless-pre-function", luaFunctions],
  ["serverless-post-function", luaFunctions],
  ["file-logger", loggedBodies],
  ["http-logger", loggedBodies],
  ["kafka-logger", loggedBodies],
  ["loki-logger", loggedBodies],
  ["rocketmq-logger", loggedBodies],
]);

const STREAM_RULES: ReadonlyMap<string, PluginRule> = new Map([
  ["ip-restriction", ipRestriction],
  ["traffic-split", traffic.trafficSplit],
]);

/** What the plugin refuses beyond its schema; undefined where it has no such rule. */
export function pluginRule(subsystem: "http" | "stream", name: string): PluginRule | undefined {
  return (subsystem === "http" ? HTTP_RULES : STREAM_RULES).get(name);
}
