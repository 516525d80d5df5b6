import { isReference } from "../../schema/check-schema.ts";
import { isObject, luaText } from "../../schema/lua-value.ts";
import type { PluginRule } from "./plugin-rule.ts";
import { isDecodable } from "./rewriting-rules.ts";

/** What a consumer needs depends on the algorithm, in a way that the schema only half says. */
export const jwtAuth: PluginRule = ({ conf, use }) => {
  if (use !== "consumer") return undefined;
  const algorithm = luaText(conf.algorithm);
  if (!algorithm.startsWith("HS")) {
    return conf.public_key === undefined ? "missing valid public key" : undefined;
  }
  if (conf.secret === undefined) {
    // For HS384 APISIX makes one up.
    return algorithm === "HS384"
      ? undefined
      : 'property "secret" is required when "algorithm" is "HS256" or "HS512"';
  }
  return conf.base64_secret === true &&
    !isReference(conf.secret) &&
    !isDecodable(luaText(conf.secret))
    ? "base64_secret required but the secret is not in base64 format"
    : undefined;
};

/** The bytes of an AES-256 key. */
const KEY_BYTES = 32;

export const jweDecrypt: PluginRule = ({ conf, use }) => {
  if (use !== "consumer" || isReference(conf.secret)) return undefined;
  const secret = luaText(conf.secret);
  if (conf.is_base64_encoded === true) {
    return Buffer.from(secret, "base64url").length === KEY_BYTES
      ? undefined
      : "the secret length after base64 decode should be 32 chars";
  }
  return Buffer.byteLength(secret) === KEY_BYTES
    ? undefined
    : "the secret length should be 32 chars";
};

/** Choices are configured as on a route, whatever the plugins would be on a consumer. */
export const multiAuth: PluginRule = ({ conf, isAuth, checkOther }) => {
  for (const choice of conf.auth_plugins as readonly unknown[]) {
    if (!isObject(choice)) continue;
    for (const [name, settings] of Object.entries(choice)) {
      if (!isAuth(name)) return `${name} plugin is not supported`;
      const fault = checkOther(name, settings);
      if (fault !== undefined) return `plugin ${name} check schema failed: ${fault}`;
    }
  }
  return undefined;
};
