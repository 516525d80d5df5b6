import type { SupportedPluginName } from "../../shared/plugins/catalogue.ts";
import { acl } from "./acl.ts";
import { attachConsumerLabel } from "./attach-consumer-label.ts";
import { authzCasbin } from "./authz-casbin/authz-casbin.ts";
import { basicAuth } from "./basic-auth.ts";
import { consumerRestriction } from "./consumer-restriction.ts";
import { echo } from "./echo.ts";
import { hmacAuth } from "./hmac-auth/hmac-auth.ts";
import { jweDecrypt } from "./jwe-decrypt.ts";
import { jwtAuth } from "./jwt-auth/jwt-auth.ts";
import { keyAuth } from "./key-auth.ts";
import { multiAuth } from "./multi-auth.ts";
import type { Plugin } from "./plugin.ts";
import { requestId } from "./request-id.ts";

/** The behaviour of every plugin that the catalogue says is supported, and no other. */
export const PLUGINS: Readonly<Record<SupportedPluginName, Plugin>> = {
  "request-id": requestId,
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
  echo,
};
