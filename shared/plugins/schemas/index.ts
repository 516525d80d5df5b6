import type { HttpPluginName } from "../catalogue.ts";
import { aiCache, aiRateLimiting } from "./ai-limits.ts";
import {
  aiAliyunContentModeration,
  aiAwsContentModeration,
  aiLakeraGuard,
} from "./ai-moderation.ts";
import { aiPromptDecorator, aiPromptGuard, aiPromptTemplate, aiRag } from "./ai-prompts.ts";
import { aiProxy, aiProxyMulti, aiRequestRewrite } from "./ai-providers.ts";
import { authzCasbin, authzKeycloak, forwardAuth, opa } from "./authorisation.ts";
import { basicAuth } from "./basic-auth.ts";
import { graphqlProxyCache, proxyCache } from "./caching.ts";
import { chaitinWaf } from "./chaitin-waf.ts";
import { cors } from "./cors.ts";
import { dataMask } from "./data-mask.ts";
import { errorLogLogger } from "./error-log-logger.ts";
import { awsLambda, azureFunctions, openfunction, openwhisk } from "./functions.ts";
import { graphqlLimitCount } from "./graphql-limit-count.ts";
import { hmacAuth } from "./hmac-auth.ts";
import {
  clickhouseLogger,
  elasticsearchLogger,
  googleCloudLogging,
  httpLogger,
  lago,
  lokiLogger,
  skywalkingLogger,
  splunkHecLogging,
  tencentCloudCls,
} from "./http-loggers.ts";
import { jweDecrypt } from "./jwe-decrypt.ts";
import { jwtAuth } from "./jwt-auth.ts";
import { keyAuth } from "./key-auth.ts";
import { ldapAuth, ldapAuthAdvanced } from "./ldap-auth.ts";
import { limitConn } from "./limit-conn.ts";
import { limitCount } from "./limit-count.ts";
import { limitReq } from "./limit-req.ts";
import { authzCasdoor, casAuth, dingtalkAuth, feishuAuth, samlAuth } from "./login.ts";
import { multiAuth } from "./multi-auth.ts";
import { openidConnect } from "./openid-connect.ts";
import {
  degraphql,
  dubboProxy,
  grpcTranscode,
  grpcWeb,
  httpDubbo,
  kafkaProxy,
  oasValidator,
} from "./other-protocols.ts";
import {
  brotli,
  exitTransformer,
  extPlugin,
  gzip,
  mcpBridge,
  proxyBuffering,
  proxyControl,
  serverless,
} from "./platform.ts";
import type { PluginSchemas } from "./plugin-schemas.ts";
import { kafkaLogger, rocketmqLogger } from "./queue-loggers.ts";
import {
  acl,
  clientControl,
  consumerRestriction,
  csrf,
  ipRestriction,
  refererRestriction,
  requestValidation,
  uaRestriction,
  uriBlocker,
} from "./restriction.ts";
import {
  attachConsumerLabel,
  bodyTransformer,
  echo,
  proxyRewrite,
  redirect,
  requestId,
  responseRewrite,
} from "./rewriting.ts";
import {
  fileLogger,
  loggly,
  slsLogger,
  streamSyslog,
  syslog,
  tcpLogger,
  udpLogger,
} from "./socket-loggers.ts";
import { mqttProxy, streamLimitConn, streamPrometheus } from "./stream.ts";
import { datadog, opentelemetry, skywalking, zipkin } from "./tracing.ts";
import {
  apiBreaker,
  faultInjection,
  mocking,
  proxyMirror,
  realIp,
  trafficLabel,
  trafficSplit,
  workflow,
} from "./traffic.ts";
import {
  batchRequests,
  errorPage,
  examplePlugin,
  noSettings,
  prometheus,
  publicApi,
} from "./without-settings.ts";
import { wolfRbac } from "./wolf-rbac.ts";

/** The schemas of every plugin of the catalogue's HTTP list, in its order. */
const HTTP_SCHEMAS: Readonly<Record<HttpPluginName, PluginSchemas>> = {
  "real-ip": realIp,
  "exit-transformer": exitTransformer,
  ai: noSettings,
  "client-control": clientControl,
  "proxy-buffering": proxyBuffering,
  "proxy-control": proxyControl,
  "request-id": requestId,
  zipkin,
  skywalking,
  opentelemetry,
  "ext-plugin-pre-req": extPlugin,
  "fault-injection": faultInjection,
  mocking,
  "serverless-pre-function": serverless,
  "batch-requests": batchRequests,
  cors,
  "ip-restriction": ipRestriction,
  "ua-restriction": uaRestriction,
  "referer-restriction": refererRestriction,
  csrf,
  "uri-blocker": uriBlocker,
  "request-validation": requestValidation,
  "chaitin-waf": chaitinWaf,
  "multi-auth": multiAuth,
  "openid-connect": openidConnect,
  "saml-auth": samlAuth,
  "cas-auth": casAuth,
  "authz-casbin": authzCasbin,
  "authz-casdoor": authzCasdoor,
  "wolf-rbac": wolfRbac,
  "ldap-auth-advanced": ldapAuthAdvanced,
  "ldap-auth": ldapAuth,
  "hmac-auth": hmacAuth,
  "basic-auth": basicAuth,
  "jwt-auth": jwtAuth,
  "jwe-decrypt": jweDecrypt,
  "key-auth": keyAuth,
  "dingtalk-auth": dingtalkAuth,
  "feishu-auth": feishuAuth,
  acl,
  "consumer-restriction": consumerRestriction,
  "attach-consumer-label": attachConsumerLabel,
  "forward-auth": forwardAuth,
  opa,
  "authz-keycloak": authzKeycloak,
  "data-mask": dataMask,
  "error-log-logger": errorLogLogger,
  "proxy-cache": proxyCache,
  "body-transformer": bodyTransformer,
  "ai-request-rewrite": aiRequestRewrite,
  "ai-prompt-guard": aiPromptGuard,
  "ai-prompt-template": aiPromptTemplate,
  "ai-prompt-decorator": aiPromptDecorator,
  "ai-rag": aiRag,
  "ai-proxy-multi": aiProxyMulti,
  "ai-proxy": aiProxy,
  "ai-cache": aiCache,
  "ai-aws-content-moderation": aiAwsContentModeration,
  "ai-rate-limiting": aiRateLimiting,
  "ai-aliyun-content-moderation": aiAliyunContentModeration,
  "ai-lakera-guard": aiLakeraGuard,
  "proxy-mirror": proxyMirror,
  "graphql-proxy-cache": graphqlProxyCache,
  "proxy-rewrite": proxyRewrite,
  workflow,
  "api-breaker": apiBreaker,
  "graphql-limit-count": graphqlLimitCount,
  "limit-conn": limitConn,
  "limit-count": limitCount,
  "limit-req": limitReq,
  "node-status": noSettings,
  brotli,
  gzip,
  "server-info": noSettings,
  "traffic-label": trafficLabel,
  "traffic-split": trafficSplit,
  redirect,
  "response-rewrite": responseRewrite,
  "oas-validator": oasValidator,
  "mcp-bridge": mcpBridge,
  degraphql,
  "kafka-proxy": kafkaProxy,
  "dubbo-proxy": dubboProxy,
  "grpc-transcode": grpcTranscode,
  "grpc-web": grpcWeb,
  "http-dubbo": httpDubbo,
  "public-api": publicApi,
  prometheus,
  datadog,
  "error-page": errorPage,
  lago,
  "loki-logger": lokiLogger,
  "elasticsearch-logger": elasticsearchLogger,
  echo,
  loggly,
  "http-logger": httpLogger,
  "splunk-hec-logging": splunkHecLogging,
  "skywalking-logger": skywalkingLogger,
  "google-cloud-logging": googleCloudLogging,
  "sls-logger": slsLogger,
  "tcp-logger": tcpLogger,
  "kafka-logger": kafkaLogger,
  "rocketmq-logger": rocketmqLogger,
  syslog,
  "udp-logger": udpLogger,
  "file-logger": fileLogger,
  "clickhouse-logger": clickhouseLogger,
  "tencent-cloud-cls": tencentCloudCls,
  inspect: noSettings,
  "log-rotate": noSettings,
  "example-plugin": examplePlugin,
  gm: noSettings,
  "ocsp-stapling": noSettings,
  "aws-lambda": awsLambda,
  "azure-functions": azureFunctions,
  openwhisk,
  openfunction,
  "serverless-post-function": serverless,
  "ext-plugin-post-req": extPlugin,
  "ext-plugin-post-resp": extPlugin,
};

export const HTTP_PLUGIN_SCHEMAS: Readonly<Record<string, PluginSchemas>> = HTTP_SCHEMAS;

/** Those of stream routes' plugins. */
export const STREAM_PLUGIN_SCHEMAS: Readonly<Record<string, PluginSchemas>> = {
  "ip-restriction": ipRestriction,
  "limit-conn": streamLimitConn,
  "mqtt-proxy": mqttProxy,
  "traffic-split": trafficSplit,
  prometheus: streamPrometheus,
  syslog: streamSyslog,
};
