import { describe, expect, it } from "vitest";
import { configurationFault } from "../../../exporter/plugins/check-plugin.ts";
import type { SchemaUse } from "../../../exporter/plugins/plugin-schema.ts";

/** Plugin, configuration, and what it says beyond its schema. */
type Row = readonly [plugin: string, conf: unknown, fault: string | undefined, use?: SchemaUse];

const NO_PARENTHESIS = 'pcre2_compile() failed: missing closing parenthesis in "("';

const ROWS: readonly Row[] = [
  [
    "ip-restriction",
    { whitelist: ["::1:::"] },
    'property "whitelist" validation failed: failed to validate item 1: object matches none of the required',
  ],
  ["ip-restriction", { blacklist: [":/8"] }, "invalid ip address: :/8"],
  ["ip-restriction", { blacklist: ["$env://IP"] }, undefined],
  ["real-ip", { source: "x", trusted_addresses: [":/8"] }, "invalid ip address: :/8"],
  ["ua-restriction", { denylist: ["a", "("] }, NO_PARENTHESIS],
  [
    "uri-blocker",
    { block_rules: ["[a"] },
    'pcre2_compile() failed: missing terminating ] for character class in "[a"',
  ],
  [
    "uri-blocker",
    { block_rules: ["a)b"] },
    'pcre2_compile() failed: unmatched closing parenthesis in "a)b" at ")b"',
  ],
  [
    "cors",
    { allow_credential: true, allow_origins: "http://a" },
    "you can not set '*' for other option when 'allow_credential' is true",
  ],
  ["cors", { allow_origins_by_regex: ["("] }, NO_PARENTHESIS],
  [
    "request-validation",
    { body_schema: { properties: { a: { type: "nope" } } } },
    "invalid JSON type: nope",
  ],
  [
    "oas-validator",
    { spec: "invalid json string" },
    "invalid JSON string provided, err: Expected value but found invalid token at character 1",
  ],
  ["oas-validator", { spec: '{"openapi":"3.0.0"}' }, undefined],
  ["oas-validator", { spec: "$secret://vault/1/a/b" }, undefined],
  ["mocking", { response_example: "x", content_type: "image/png" }, "unsupported content type!"],
  ["mocking", { response_example: "x", content_type: "text/html; charset=utf-8" }, undefined],
  ["degraphql", { query: "{ a " }, "failed to parse query: Syntax error near line 1"],
  ["degraphql", { query: "query ($a: Int) { a }" }, undefined],
  [
    "fault-injection",
    { abort: { http_status: 500, vars: [[["a", "=", "b"]]] } },
    "invalid operator '='",
  ],
  [
    "traffic-split",
    { rules: [{ match: [{ vars: [["a", "?", "b"]] }] }] },
    "failed to validate the 'vars' expression: invalid operator '?'",
  ],
  [
    "traffic-split",
    { rules: [{ weighted_upstreams: [{ upstream: { type: "roundrobin" } }] }] },
    'property "rules" validation failed: failed to validate item 1: ' +
      'property "weighted_upstreams" validation failed: failed to validate item 1: ' +
      'property "upstream" validation failed: value should match only one schema, but matches none',
  ],
  [
    "traffic-label",
    { rules: [{ match: [["a", "=", "b"]], actions: [{ set_headers: { a: "b" } }] }] },
    `failed to validate the 'match' expression: [["a","=","b"]] err: invalid operator '='`,
  ],
  ["traffic-label", { rules: [{ actions: [{ nope: 1 }] }] }, "not supported action: nope"],
  [
    "traffic-label",
    { rules: [{ actions: [{ set_headers: { "a b": "c" } }] }] },
    "failed to validate the 'set_headers' action: invalid field character in header",
  ],
  ["workflow", { rules: [{ actions: [["nope", {}]] }] }, "unsupported action: nope"],
  [
    "workflow",
    { rules: [{ actions: [["return"]] }] },
    "failed to validate the 'return' action: wrong type: expected object, got userdata",
  ],
  [
    "workflow",
    { rules: [{ actions: [["limit-count", { count: 1 }]] }] },
    "failed to validate the 'limit-count' action: value should match only one schema, but matches none",
  ],
  [
    "workflow",
    { rules: [{ actions: [["limit-count", { count: 1, time_window: 1, group: "g" }]] }] },
    "failed to validate the 'limit-count' action: group is not supported",
  ],
  [
    "proxy-cache",
    { cache_strategy: "memory" },
    "invalid or empty cache_zone for cache_strategy: memory",
  ],
  [
    "proxy-cache",
    { cache_key: ["$request_method"] },
    "cache_key variable $request_method unsupported",
  ],
  [
    "limit-count",
    { rules: [1, 2].map((count) => ({ count, time_window: 1, key: "k" })) },
    "duplicate key 'k' in rules",
  ],
  [
    "limit-count",
    { count: 1, time_window: 9, policy: "redis", redis_host: "r.test", sync_interval: 0.05 },
    "sync_interval should not be smaller than 0.1",
  ],
  [
    "limit-count",
    { count: 1, time_window: 9, policy: "redis", redis_host: "r.test", sync_interval: 9 },
    "sync_interval should be smaller than time_window",
  ],
  [
    "proxy-rewrite",
    { regex_uri: ["a", "b", "c"] },
    "The length of regex_uri should be an even number",
  ],
  ["proxy-rewrite", { regex_uri: ["(", "b"] }, `invalid regex_uri((, b): ${NO_PARENTHESIS}`],
  [
    "proxy-rewrite",
    { regex_uri: ["a", "$name"] },
    'invalid regex_uri(a, $name): attempt to use named capturing variable "name" (named captures not supported yet)',
  ],
  ["proxy-rewrite", { regex_uri: ["^/(.*)$", "/$1/$2$$"] }, undefined],
  ["proxy-rewrite", { headers: { a: "b\u0000" } }, "invalid value character in header"],
  ["redirect", { regex_uri: ["(", "b"] }, `invalid regex_uri ((, b), err:${NO_PARENTHESIS}`],
  [
    "redirect",
    { http_to_https: true, append_query_string: true },
    "only one of `http_to_https` and `append_query_string` can be configured.",
  ],
  ["response-rewrite", { body: "", body_base64: true }, "invalid base64 content"],
  ["response-rewrite", { body: "YQ==", body_base64: true }, undefined],
  [
    "response-rewrite",
    { body: "a", filters: [{ regex: "a", replace: "b" }] },
    'failed to validate dependent schema for "body": value wasn\'t supposed to match schema',
  ],
  [
    "response-rewrite",
    { filters: [{ regex: "a", replace: "b", options: "jq" }] },
    'regex "a" validation failed: unknown flag "q" (flags "jq")',
  ],
  [
    "multi-auth",
    { auth_plugins: [{ "key-auth": {} }, { cors: {} }] },
    "cors plugin is not supported",
  ],
  [
    "multi-auth",
    { auth_plugins: [{ "key-auth": {} }, { "jwt-auth": { header: 1 } }] },
    'plugin jwt-auth check schema failed: property "header" validation failed: wrong type: expected string, got number',
  ],
  [
    "jwt-auth",
    { key: "k" },
    'property "secret" is required when "algorithm" is "HS256" or "HS512"',
    "consumer",
  ],
  [
    "jwt-auth",
    { key: "k", secret: "?", base64_secret: true },
    "base64_secret required but the secret is not in base64 format",
    "consumer",
  ],
  [
    "jwt-auth",
    { key: "k", algorithm: "RS256" },
    'failed to validate dependent schema for "algorithm": value should match only one schema, but matches none',
    "consumer",
  ],
  ["jwt-auth", { key: "k", algorithm: "RS256", public_key: "p" }, undefined, "consumer"],
  [
    "jwe-decrypt",
    { key: "k", secret: "short" },
    "the secret length should be 32 chars",
    "consumer",
  ],
  [
    "jwe-decrypt",
    { key: "k", secret: "YQ", is_base64_encoded: true },
    "the secret length after base64 decode should be 32 chars",
    "consumer",
  ],
  ["serverless-pre-function", { functions: ["return function() end"] }, undefined],
  [
    "serverless-pre-function",
    { functions: ["return function()"] },
    `failed to loadstring: [string "return function()"]:1: 'end' expected near '<eof>'`,
  ],
];

describe("what plugins refuse beyond their schemas", () => {
  it.each(ROWS.map((row) => ({ row })))(
    "$row",
    ({ row: [plugin, conf, fault, use = "plugin"] }) => {
      expect(configurationFault("http", plugin, structuredClone(conf), use)?.words).toBe(fault);
    },
  );
});
