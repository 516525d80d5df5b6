import type { SupportedPluginName } from "../../shared/plugins/catalogue.ts";
import { acl } from "./acl.ts";
import { aiPromptDecorator } from "./ai-prompt-decorator.ts";
import { aiPromptGuard } from "./ai-prompt-guard.ts";
import { aiPromptTemplate } from "./ai-prompt-template.ts";
import { aiProxy } from "./ai-proxy.ts";
import { aiProxyMulti } from "./ai-proxy-multi.ts";
import { aiRateLimiting } from "./ai-rate-limiting.ts";
import { apiBreaker } from "./api-breaker.ts";
import { attachConsumerLabel } from "./attach-consumer-label.ts";
import { authzCasbin } from "./authz-casbin/authz-casbin.ts";
import { awsLambda } from "./aws-lambda.ts";
import { azureFunctions } from "./azure-functions.ts";
import { basicAuth } from "./basic-auth.ts";
import { batchRequests } from "./batch-requests/batch-requests.ts";
import { bodyTransformer } from "./body-transformer/body-transformer.ts";
import { clickhouseLogger } from "./clickhouse-logger.ts";
import { clientControl } from "./client-control.ts";
import { consumerRestriction } from "./consumer-restriction.ts";
import { cors } from "./cors.ts";
import { csrf } from "./csrf.ts";
import { dataMask } from "./data-mask/data-mask.ts";
import { degraphql } from "./degraphql.ts";
import { echo } from "./echo.ts";
import { elasticsearchLogger } from "./elasticsearch-logger.ts";
import { errorPage } from "./error-page.ts";
import { examplePlugin } from "./example-plugin.ts";
import { faultInjection } from "./fault-injection.ts";
import { forwardAuth } from "./forward-auth.ts";
import { googleCloudLogging } from "./google-cloud-logging/google-cloud-logging.ts";
import { graphqlProxyCache } from "./graphql-proxy-cache.ts";
import { hmacAuth } from "./hmac-auth/hmac-auth.ts";
import { httpLogger } from "./http-logger.ts";
import { ipRestriction } from "./ip-restriction.ts";
import { jweDecrypt } from "./jwe-decrypt.ts";
import { jwtAuth } from "./jwt-auth/jwt-auth.ts";
import { keyAuth } from "./key-auth.ts";
import { lago } from "./lago.ts";
import { limitConn } from "./limit-conn.ts";
import { limitCount } from "./limit-count.ts";
import { limitReq } from "./limit-req.ts";
import { loggly } from "./loggly.ts";
import { lokiLogger } from "./loki-logger.ts";
import { mocking } from "./mocking/mocking.ts";
import { multiAuth } from "./multi-auth.ts";
import { oasValidator } from "./oas-validator/oas-validator.ts";
import { opa } from "./opa.ts";
import { openfunction } from "./openfunction.ts";
import { openidConnect } from "./openid-connect/openid-connect.ts";
import { opentelemetry } from "./opentelemetry/opentelemetry.ts";
import { openwhisk } from "./openwhisk.ts";
import type { Plugin } from "./plugin.ts";
import { prometheus } from "./prometheus/prometheus.ts";
import { proxyCache } from "./proxy-cache/proxy-cache.ts";
import { proxyMirror } from "./proxy-mirror.ts";
import { proxyRewrite } from "./proxy-rewrite/proxy-rewrite.ts";
import { publicApi } from "./public-api.ts";
import { realIp } from "./real-ip.ts";
import { redirect } from "./redirect.ts";
import { refererRestriction } from "./referer-restriction.ts";
import { requestId } from "./request-id.ts";
import { requestValidation } from "./request-validation.ts";
import { responseRewrite } from "./response-rewrite/response-rewrite.ts";
import { skywalkingLogger } from "./skywalking-logger.ts";
import { splunkHecLogging } from "./splunk-hec-logging.ts";
import { tencentCloudCls } from "./tencent-cloud-cls/tencent-cloud-cls.ts";
import { trafficLabel } from "./traffic-label.ts";
import { trafficSplit } from "./traffic-split.ts";
import { uaRestriction } from "./ua-restriction.ts";
import { uriBlocker } from "./uri-blocker.ts";
import { workflow } from "./workflow.ts";
import { zipkin } from "./zipkin/zipkin.ts";

/** The behaviour of every plugin that the catalogue says is supported, and no other. */
export const PLUGINS: Readonly<Record<SupportedPluginName, Plugin>> = {
  "real-ip": realIp,
  "client-control": clientControl,
  "request-id": requestId,
  zipkin,
  opentelemetry,
  "fault-injection": faultInjection,
  mocking,
  "batch-requests": batchRequests,
  cors,
  "ip-restriction": ipRestriction,
  "ua-restriction": uaRestriction,
  "referer-restriction": refererRestriction,
  csrf,
  "uri-blocker": uriBlocker,
  "request-validation": requestValidation,
  "multi-auth": multiAuth,
  "openid-connect": openidConnect,
  "authz-casbin": authzCasbin,
  "hmac-auth": hmacAuth,
  "basic-auth": basicAuth,
  "jwt-auth": jwtAuth,
  "jwe-decrypt": jweDecrypt,
  "key-auth": keyAuth,
  acl,
  "consumer-restriction": consumerRestriction,
  "attach-consumer-label": attachConsumerLabel,
  "forward-auth": forwardAuth,
  opa,
  "data-mask": dataMask,
  "proxy-cache": proxyCache,
  "body-transformer": bodyTransformer,
  "ai-prompt-guard": aiPromptGuard,
  "ai-prompt-template": aiPromptTemplate,
  "ai-prompt-decorator": aiPromptDecorator,
  "ai-proxy-multi": aiProxyMulti,
  "ai-proxy": aiProxy,
  "ai-rate-limiting": aiRateLimiting,
  "proxy-mirror": proxyMirror,
  "graphql-proxy-cache": graphqlProxyCache,
  "proxy-rewrite": proxyRewrite,
  workflow,
  "api-breaker": apiBreaker,
  "limit-conn": limitConn,
  "limit-count": limitCount,
  "limit-req": limitReq,
  "traffic-label": trafficLabel,
  "traffic-split": trafficSplit,
  redirect,
  "response-rewrite": responseRewrite,
  "oas-validator": oasValidator,
  degraphql,
  "public-api": publicApi,
  prometheus,
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
  "clickhouse-logger": clickhouseLogger,
  "tencent-cloud-cls": tencentCloudCls,
  "example-plugin": examplePlugin,
  "aws-lambda": awsLambda,
  "azure-functions": azureFunctions,
  openwhisk,
  openfunction,
};
