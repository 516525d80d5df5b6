import { addressListFault } from "../ip-list.ts";
import { luaSourceFault } from "../lua-source.ts";
import { pcreListFault } from "../pcre-fault.ts";
import * as auth from "./auth-rules.ts";
import type { PluginRule } from "./plugin-rule.ts";
import * as request from "./request-rules.ts";
import * as rewriting from "./rewriting-rules.ts";
import * as traffic from "./traffic-rules.ts";

const ipRestriction: PluginRule = ({ conf }) =>
  addressListFault(conf.whitelist) ?? addressListFault(conf.blacklist);

const realIp: PluginRule = ({ conf }) => addressListFault(conf.trusted_addresses);

const uaRestriction: PluginRule = ({ conf }) =>
  pcreListFault(conf.allowlist) ?? pcreListFault(conf.denylist);

const uriBlocker: PluginRule = ({ conf }) => pcreListFault(conf.block_rules);

const luaFunctions: PluginRule = ({ conf }) => {
  for (const source of conf.functions as readonly string[]) {
    const fault = luaSourceFault(source);
    if (fault !== undefined) return `failed to loadstring: ${fault}`;
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
  ["mocking", request.mocking],
  ["degraphql", request.degraphql],
  ["fault-injection", traffic.faultInjection],
  ["traffic-split", traffic.trafficSplit],
  ["traffic-label", traffic.trafficLabel],
  ["workflow", traffic.workflow],
  ["proxy-cache", traffic.proxyCache],
  ["graphql-proxy-cache", traffic.proxyCache],
  ["limit-count", traffic.quotaRules],
  ["graphql-limit-count", traffic.quotaRules],
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
]);

const STREAM_RULES: ReadonlyMap<string, PluginRule> = new Map([
  ["ip-restriction", ipRestriction],
  ["traffic-split", traffic.trafficSplit],
]);

/** What the plugin refuses beyond its schema; undefined where it has no such rule. */
export function pluginRule(subsystem: "http" | "stream", name: string): PluginRule | undefined {
  return (subsystem === "http" ? HTTP_RULES : STREAM_RULES).get(name);
}
