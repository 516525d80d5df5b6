import { isReference } from "../../../shared/json-schema/check-schema.ts";
import { luaText } from "../../../shared/json-schema/lua-value.ts";
import { faultIn, faultOf, type ValueFault } from "../../../shared/json-schema/value-fault.ts";
import { firstObject, type PluginRule } from "./plugin-rule.ts";
import { isDecodable } from "./rewriting-rules.ts";

const missing = (field: string, wanted: string, words: string): ValueFault =>
  faultIn(field, faultOf(undefined, wanted, words));

/** What a consumer needs depends on the algorithm, in a way that the schema only half says. */
export const jwtAuth: PluginRule = ({ conf, use }) => {
  if (use !== "consumer") return undefined;
  const algorithm = luaText(conf.algorithm);
  if (!algorithm.startsWith("HS")) {
    if (conf.public_key !== undefined) return undefined;
    const wanted = `this field, since algorithm is ${algorithm}`;
    return missing("public_key", wanted, "missing valid public key");
  }
  if (conf.secret === undefined) {
    // For HS384 APISIX makes one up.
    if (algorithm === "HS384") return undefined;
    const words = 'property "secret" is required when "algorithm" is "HS256" or "HS512"';
    return missing("secret", `this field, since algorithm is ${algorithm}`, words);
  }
  if (conf.base64_secret !== true || isReference(conf.secret)) return undefined;
  if (isDecodable(luaText(conf.secret))) return undefined;
  const words = "base64_secret required but the secret is not in base64 format";
  return faultIn("secret", faultOf(conf.secret, "base64, since base64_secret is true", words));
};

/** The bytes of an AES-256 key. */
const KEY_BYTES = 32;

export const jweDecrypt: PluginRule = ({ conf, use }) => {
  if (use !== "consumer" || isReference(conf.secret)) return undefined;
  const secret = luaText(conf.secret);
  const isEncoded = conf.is_base64_encoded === true;
  const bytes = Buffer.from(secret, isEncoded ? "base64url" : "utf8");
  if (bytes.length === KEY_BYTES) return undefined;
  const words = isEncoded
    ? "the secret length after base64 decode should be 32 chars"
    : "the secret length should be 32 chars";
  const wanted = `${KEY_BYTES} bytes${isEncoded ? " once base64 is decoded" : ""}`;
  return faultIn("secret", faultOf(secret, wanted, words));
};

/** Choices are configured as on a route, whatever the plugins would be on a consumer. */
export const multiAuth: PluginRule = ({ conf, isAuth, checkOther }) =>
  firstObject(conf, "auth_plugins", (choice) => {
    for (const [name, settings] of Object.entries(choice)) {
      if (!isAuth(name)) {
        const words = `${name} plugin is not supported`;
        return faultIn(name, faultOf(settings, "a plugin that authenticates", words));
      }
      const fault = checkOther(name, settings);
      if (fault) return faultIn(name, fault, `plugin ${name} check schema failed: `);
    }
    return undefined;
  });
