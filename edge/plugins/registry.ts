import type { SupportedPluginName } from "../../shared/plugins/catalogue.ts";
import { acl } from "./acl.ts";
import { apiBreaker } from "./api-breaker.ts";
import { attachConsumerLabel } from "./attach-consumer-label.ts";
import { authzCasbin } from "./authz-casbin/authz-casbin.ts";
import { basicAuth } from "./basic-auth.ts";
import { bodyTransformer } from "./body-transformer/body-transformer.ts";
import { consumerRestriction } from "./consumer-restriction.ts";
import { degraphql } from "./degraphql.ts";
import { echo } from "./echo.ts";
import { faultInjection } from "./fault-injection.ts";
import { hmacAuth } from "./hmac-auth/hmac-auth.ts";
import { jweDecrypt } from "./jwe-decrypt.ts";
import { jwtAuth } from "./jwt-auth/jwt-auth.ts";
import { keyAuth } from "./key-auth.ts";
import { limitConn } from "./limit-conn.ts";
import { limitCount } from "./limit-count.ts";
import { limitReq } from "./limit-req.ts";
import { mocking } from "./mocking/mocking.ts";
import { multiAuth } from "./multi-auth.ts";
import type { Plugin } from "./plugin.ts";
import { proxyMirror } from "./proxy-mirror.ts";
import { proxyRewrite } from "./proxy-rewrite/proxy-rewrite.ts";
import { redirect } from "./redirect.ts";
import { requestId } from "./request-id.ts";
import { responseRewrite } from "./response-rewrite/response-rewrite.ts";
import { trafficLabel } from "./traffic-label.ts";
import { trafficSplit } from "./traffic-split.ts";
import { workflow } from "./workflow.ts";

/** The behaviour of every plugin that the catalogue says is supported, and no other. */
export const PLUGINS: Readonly<Record<SupportedPluginName, Plugin>> = {
  "request-id": requestId,
  "fault-injection": faultInjection,
  mocking,
  "multi-auth": multiAuth,
  "authz-casbin": authzCasbin,
  "hmac-auth": hmacAuth,
  "basic-auth": basicAuth,
  "jwt-auth": jwtAuth,
  "jwe-decrypt": jweDecrypt,
  "key-auth": keyAuth,
  acl,
  "consumer-restriction": consumerRestriction,
  "attach-consumer-label": attachConsumerLabel,
  "body-transformer": bodyTransformer,
  "proxy-mirror": proxyMirror,
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
  degraphql,
  echo,
};
