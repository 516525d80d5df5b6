import {
  CACHE,
  COMPRESSION,
  CONFIGURED_ELSEWHERE,
  GRPC,
  LATER,
  LOCAL_PROCESS,
  LUA,
  type PluginSupport,
  PROCESS,
  STREAM,
  STREAMING,
  SUPPORTED,
  type Supported,
  TCP,
  TLS,
  UNREACHABLE_OBSERVER,
} from "./reasons.ts";

/**
 * Every plugin of APISIX, in the order in which plugins run, and what the edge does with it. Rejections,
 * notices, the Admin API's lists and docs/compatibility.md come from this table.
 */

export type PluginPhase =
  | "rewrite"
  | "access"
  | "before_proxy"
  | "header_filter"
  | "body_filter"
  | "lua_body_filter"
  | "delayed_body_filter"
  | "log"
  | "api"
  | "control_api"
  | "preread";

export interface CataloguedPlugin {
  /** One that is supported has its behaviour under this name in `edge/plugins/registry.ts`. */
  readonly name: string;
  /** Higher runs first, in every phase. */
  readonly priority: number;
  readonly phases: readonly PluginPhase[];
  readonly support: PluginSupport;
  /** Attaches a consumer. */
  readonly auth?: boolean;
  /** Skipped as a global rule where the route configures it. */
  readonly preferRoute?: boolean;
}

/** Highest priority first. */
const HTTP_TABLE = [
  { name: "real-ip", priority: 23000, phases: ["rewrite"], support: SUPPORTED },
  { name: "exit-transformer", priority: 22950, phases: ["rewrite"], support: LUA },
  { name: "ai", priority: 22900, phases: [], support: CACHE },
  { name: "client-control", priority: 22000, phases: ["rewrite"], support: SUPPORTED },
  { name: "proxy-buffering", priority: 21991, phases: ["rewrite"], support: STREAMING },
  { name: "proxy-control", priority: 21990, phases: ["rewrite"], support: STREAMING },
  { name: "request-id", priority: 12015, phases: ["rewrite", "header_filter"], support: SUPPORTED },
  {
    name: "zipkin",
    priority: 12011,
    phases: ["rewrite", "access", "header_filter", "log"],
    support: SUPPORTED,
  },
  {
    name: "skywalking",
    priority: 12010,
    phases: ["rewrite", "delayed_body_filter", "log"],
    support: CONFIGURED_ELSEWHERE,
    preferRoute: true,
  },
  { name: "opentelemetry", priority: 12009, phases: ["rewrite", "log"], support: SUPPORTED },
  { name: "ext-plugin-pre-req", priority: 12000, phases: ["rewrite"], support: LOCAL_PROCESS },
  { name: "fault-injection", priority: 11000, phases: ["rewrite"], support: SUPPORTED },
  { name: "mocking", priority: 10900, phases: ["access"], support: SUPPORTED },
  {
    name: "serverless-pre-function",
    priority: 10000,
    phases: ["rewrite", "access", "before_proxy", "header_filter", "body_filter", "log"],
    support: LUA,
  },
  { name: "batch-requests", priority: 4010, phases: ["api"], support: SUPPORTED },
  { name: "cors", priority: 4000, phases: ["rewrite", "header_filter"], support: SUPPORTED },
  { name: "ip-restriction", priority: 3000, phases: ["access"], support: SUPPORTED },
  { name: "ua-restriction", priority: 2999, phases: ["access"], support: SUPPORTED },
  { name: "referer-restriction", priority: 2990, phases: ["access"], support: SUPPORTED },
  { name: "csrf", priority: 2980, phases: ["access", "header_filter"], support: SUPPORTED },
  { name: "uri-blocker", priority: 2900, phases: ["rewrite"], support: SUPPORTED },
  { name: "request-validation", priority: 2800, phases: ["rewrite"], support: SUPPORTED },
  { name: "chaitin-waf", priority: 2700, phases: ["access", "header_filter"], support: TCP },
  { name: "multi-auth", priority: 2600, phases: ["rewrite"], support: SUPPORTED, auth: true },
  { name: "openid-connect", priority: 2599, phases: ["rewrite"], support: SUPPORTED },
  { name: "saml-auth", priority: 2598, phases: ["rewrite"], support: LATER },
  { name: "cas-auth", priority: 2597, phases: ["access"], support: LATER },
  { name: "authz-casbin", priority: 2560, phases: ["rewrite"], support: SUPPORTED },
  { name: "authz-casdoor", priority: 2559, phases: ["access"], support: LATER },
  { name: "wolf-rbac", priority: 2555, phases: ["rewrite", "api"], support: LATER, auth: true },
  { name: "ldap-auth-advanced", priority: 2541, phases: ["rewrite"], support: TCP, auth: true },
  { name: "ldap-auth", priority: 2540, phases: ["rewrite"], support: TCP, auth: true },
  { name: "hmac-auth", priority: 2530, phases: ["rewrite"], support: SUPPORTED, auth: true },
  { name: "basic-auth", priority: 2520, phases: ["rewrite"], support: SUPPORTED, auth: true },
  { name: "jwt-auth", priority: 2510, phases: ["rewrite"], support: SUPPORTED, auth: true },
  { name: "jwe-decrypt", priority: 2509, phases: ["rewrite"], support: SUPPORTED, auth: true },
  { name: "key-auth", priority: 2500, phases: ["rewrite"], support: SUPPORTED, auth: true },
  { name: "dingtalk-auth", priority: 2430, phases: ["rewrite"], support: LATER },
  { name: "feishu-auth", priority: 2420, phases: ["rewrite"], support: LATER },
  { name: "acl", priority: 2410, phases: ["access"], support: SUPPORTED },
  { name: "consumer-restriction", priority: 2400, phases: ["access"], support: SUPPORTED },
  { name: "attach-consumer-label", priority: 2399, phases: ["before_proxy"], support: SUPPORTED },
  { name: "forward-auth", priority: 2002, phases: ["access"], support: SUPPORTED },
  { name: "opa", priority: 2001, phases: ["access"], support: SUPPORTED },
  { name: "authz-keycloak", priority: 2000, phases: ["access"], support: LATER },
  { name: "data-mask", priority: 1500, phases: ["log"], support: SUPPORTED },
  { name: "error-log-logger", priority: 1091, phases: [], support: PROCESS },
  {
    name: "proxy-cache",
    priority: 1085,
    phases: ["access", "header_filter", "body_filter"],
    support: SUPPORTED,
  },
  {
    name: "body-transformer",
    priority: 1080,
    phases: ["rewrite", "header_filter", "body_filter"],
    support: SUPPORTED,
  },
  { name: "ai-request-rewrite", priority: 1073, phases: ["access"], support: LATER },
  { name: "ai-prompt-guard", priority: 1072, phases: ["access"], support: SUPPORTED },
  { name: "ai-prompt-template", priority: 1071, phases: ["rewrite"], support: SUPPORTED },
  { name: "ai-prompt-decorator", priority: 1070, phases: ["rewrite"], support: SUPPORTED },
  { name: "ai-rag", priority: 1060, phases: ["access"], support: LATER },
  {
    name: "ai-proxy-multi",
    priority: 1041,
    phases: ["access", "before_proxy", "log"],
    support: SUPPORTED,
  },
  {
    name: "ai-proxy",
    priority: 1040,
    phases: ["access", "before_proxy", "log"],
    support: SUPPORTED,
  },
  {
    name: "ai-cache",
    priority: 1035,
    phases: ["access", "header_filter", "body_filter", "log"],
    support: LATER,
  },
  {
    name: "ai-aws-content-moderation",
    priority: 1031,
    phases: ["access", "lua_body_filter"],
    support: LATER,
  },
  { name: "ai-rate-limiting", priority: 1030, phases: ["access", "log"], support: SUPPORTED },
  {
    name: "ai-aliyun-content-moderation",
    priority: 1029,
    phases: ["access", "lua_body_filter"],
    support: LATER,
  },
  {
    name: "ai-lakera-guard",
    priority: 1028,
    phases: ["access", "lua_body_filter"],
    support: LATER,
  },
  { name: "proxy-mirror", priority: 1010, phases: ["rewrite", "before_proxy"], support: SUPPORTED },
  {
    name: "graphql-proxy-cache",
    priority: 1009,
    phases: ["access", "header_filter", "body_filter", "api"],
    support: SUPPORTED,
  },
  { name: "proxy-rewrite", priority: 1008, phases: ["rewrite"], support: SUPPORTED },
  { name: "workflow", priority: 1006, phases: ["access", "log"], support: SUPPORTED },
  { name: "api-breaker", priority: 1005, phases: ["access", "log"], support: SUPPORTED },
  { name: "graphql-limit-count", priority: 1004, phases: ["access"], support: LATER },
  { name: "limit-conn", priority: 1003, phases: ["access", "log"], support: SUPPORTED },
  { name: "limit-count", priority: 1002, phases: ["access"], support: SUPPORTED },
  { name: "limit-req", priority: 1001, phases: ["access"], support: SUPPORTED },
  { name: "node-status", priority: 1000, phases: ["api"], support: PROCESS },
  { name: "brotli", priority: 996, phases: ["header_filter", "body_filter"], support: COMPRESSION },
  { name: "gzip", priority: 995, phases: ["header_filter"], support: COMPRESSION },
  { name: "server-info", priority: 990, phases: ["control_api"], support: PROCESS },
  { name: "traffic-label", priority: 967, phases: ["access"], support: SUPPORTED },
  { name: "traffic-split", priority: 966, phases: ["access"], support: SUPPORTED },
  { name: "redirect", priority: 900, phases: ["rewrite"], support: SUPPORTED },
  {
    name: "response-rewrite",
    priority: 899,
    phases: ["header_filter", "body_filter"],
    support: SUPPORTED,
  },
  { name: "oas-validator", priority: 512, phases: ["access"], support: SUPPORTED },
  { name: "mcp-bridge", priority: 510, phases: ["access"], support: LOCAL_PROCESS },
  { name: "degraphql", priority: 509, phases: ["access"], support: SUPPORTED },
  { name: "kafka-proxy", priority: 508, phases: ["access"], support: TCP },
  { name: "dubbo-proxy", priority: 507, phases: ["access"], support: TCP },
  {
    name: "grpc-transcode",
    priority: 506,
    phases: ["access", "header_filter", "body_filter"],
    support: GRPC,
  },
  {
    name: "grpc-web",
    priority: 505,
    phases: ["access", "header_filter", "body_filter"],
    support: GRPC,
  },
  { name: "http-dubbo", priority: 504, phases: ["before_proxy"], support: TCP },
  { name: "public-api", priority: 501, phases: ["access"], support: SUPPORTED },
  {
    name: "prometheus",
    priority: 500,
    phases: ["log", "api"],
    support: SUPPORTED,
    preferRoute: true,
  },
  { name: "datadog", priority: 495, phases: ["log"], support: UNREACHABLE_OBSERVER },
  {
    name: "error-page",
    priority: 450,
    phases: ["header_filter", "body_filter"],
    support: SUPPORTED,
  },
  { name: "lago", priority: 415, phases: ["log"], support: SUPPORTED },
  {
    name: "loki-logger",
    priority: 414,
    phases: ["access", "body_filter", "log"],
    support: SUPPORTED,
  },
  {
    name: "elasticsearch-logger",
    priority: 413,
    phases: ["access", "body_filter", "log"],
    support: SUPPORTED,
  },
  { name: "echo", priority: 412, phases: ["header_filter", "body_filter"], support: SUPPORTED },
  { name: "loggly", priority: 411, phases: ["access", "body_filter", "log"], support: SUPPORTED },
  {
    name: "http-logger",
    priority: 410,
    phases: ["access", "body_filter", "log"],
    support: SUPPORTED,
  },
  { name: "splunk-hec-logging", priority: 409, phases: ["log"], support: SUPPORTED },
  {
    name: "skywalking-logger",
    priority: 408,
    phases: ["access", "body_filter", "log"],
    support: SUPPORTED,
  },
  { name: "google-cloud-logging", priority: 407, phases: ["log"], support: SUPPORTED },
  {
    name: "sls-logger",
    priority: 406,
    phases: ["access", "body_filter", "log"],
    support: UNREACHABLE_OBSERVER,
  },
  {
    name: "tcp-logger",
    priority: 405,
    phases: ["access", "body_filter", "log"],
    support: UNREACHABLE_OBSERVER,
  },
  {
    name: "kafka-logger",
    priority: 403,
    phases: ["access", "body_filter", "log"],
    support: UNREACHABLE_OBSERVER,
  },
  {
    name: "rocketmq-logger",
    priority: 402,
    phases: ["access", "body_filter", "log"],
    support: UNREACHABLE_OBSERVER,
  },
  {
    name: "syslog",
    priority: 401,
    phases: ["access", "body_filter", "log"],
    support: UNREACHABLE_OBSERVER,
  },
  {
    name: "udp-logger",
    priority: 400,
    phases: ["access", "body_filter", "log"],
    support: UNREACHABLE_OBSERVER,
  },
  {
    name: "file-logger",
    priority: 399,
    phases: ["access", "body_filter", "log"],
    support: PROCESS,
  },
  {
    name: "clickhouse-logger",
    priority: 398,
    phases: ["access", "body_filter", "log"],
    support: SUPPORTED,
  },
  {
    name: "tencent-cloud-cls",
    priority: 397,
    phases: ["access", "body_filter", "log"],
    support: SUPPORTED,
  },
  { name: "inspect", priority: 200, phases: [], support: PROCESS },
  { name: "log-rotate", priority: 100, phases: [], support: PROCESS },
  {
    name: "example-plugin",
    priority: 0,
    phases: [
      "rewrite",
      "access",
      "header_filter",
      "body_filter",
      "delayed_body_filter",
      "log",
      "control_api",
    ],
    support: SUPPORTED,
  },
  { name: "gm", priority: -43, phases: [], support: TLS },
  { name: "ocsp-stapling", priority: -44, phases: [], support: TLS },
  { name: "aws-lambda", priority: -1899, phases: ["access"], support: SUPPORTED },
  { name: "azure-functions", priority: -1900, phases: ["access"], support: SUPPORTED },
  { name: "openwhisk", priority: -1901, phases: ["access"], support: SUPPORTED },
  { name: "openfunction", priority: -1902, phases: ["access"], support: SUPPORTED },
  {
    name: "serverless-post-function",
    priority: -2000,
    phases: ["rewrite", "access", "before_proxy", "header_filter", "body_filter", "log"],
    support: LUA,
  },
  { name: "ext-plugin-post-req", priority: -3000, phases: ["access"], support: LOCAL_PROCESS },
  {
    name: "ext-plugin-post-resp",
    priority: -4000,
    phases: ["before_proxy"],
    support: LOCAL_PROCESS,
  },
] as const satisfies readonly CataloguedPlugin[];

export const HTTP_PLUGINS: readonly CataloguedPlugin[] = HTTP_TABLE;

export type HttpPluginName = (typeof HTTP_TABLE)[number]["name"];

/** Those that the edge runs. */
export type SupportedPluginName = Extract<
  (typeof HTTP_TABLE)[number],
  { readonly support: Supported }
>["name"];

/** Plugins of stream routes, which the edge does not serve. */
export const STREAM_PLUGINS: readonly CataloguedPlugin[] = [
  { name: "ip-restriction", priority: 3000, phases: ["preread"], support: STREAM },
  { name: "limit-conn", priority: 1003, phases: ["log", "preread"], support: STREAM },
  { name: "mqtt-proxy", priority: 1000, phases: ["log", "preread"], support: STREAM },
  { name: "traffic-split", priority: 966, phases: ["preread"], support: STREAM },
  { name: "prometheus", priority: 500, phases: ["log"], support: STREAM, preferRoute: true },
  { name: "syslog", priority: 401, phases: ["log"], support: STREAM },
];
