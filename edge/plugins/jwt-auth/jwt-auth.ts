import type { JsonValue } from "../../../shared/expression/variables.ts";
import type { Identity } from "../../snapshot/identities.ts";
import {
  type AuthenticationConfiguration,
  authenticate,
  type Proof,
  proven,
  unproven,
} from "../authentication.ts";
import { isRepeatedAuthorization, REPEATED } from "../authorization-header.ts";
import type { Exchange } from "../exchange.ts";
import { definePlugin } from "../plugin.ts";
import { claimsHold } from "./claims.ts";
import { SignatureKeys } from "./signature-keys.ts";
import { type TokenPlaces, TokenSource } from "./token-source.ts";
import { readWebToken, type WebToken } from "./web-token.ts";

interface JwtAuthConfiguration extends AuthenticationConfiguration, TokenPlaces {
  readonly key_claim_name: string;
  readonly claims_to_verify?: readonly string[];
  readonly store_in_ctx: boolean;
}

/** `jwt-auth`: a JSON web token that one of the consumers' keys has signed (reference 8.1). */
export const jwtAuth = definePlugin<JwtAuthConfiguration>(({ log, now }) => {
  const keys = new SignatureKeys(log);
  return {
    build(configuration) {
      const { key_claim_name: keyClaim, store_in_ctx: isStored } = configuration;
      const required = configuration.claims_to_verify ?? [];
      const source = new TokenSource(configuration);

      const prove = async (exchange: Exchange): Promise<Proof> => {
        if (isRepeatedAuthorization(exchange, configuration.header)) return REPEATED;
        const text = source.tokenOf(exchange);
        if (text === undefined) return unproven("Missing JWT token in request");
        const token = readWebToken(text);
        if (!token) return unproven("JWT token invalid");
        const key = token.payload[keyClaim];
        if (key === undefined || key === false) return unproven("missing user key in JWT token");
        const identity =
          typeof key === "string" && (await exchange.consumers.identified("jwt-auth", key));
        if (!identity) return unproven("Invalid user key in JWT token");
        if (!(await verifies(token, identity, { keys, required, now }))) {
          return unproven("failed to verify jwt");
        }
        if (isStored) exchange.setVariable(STORED_AS, token.payload as JsonValue);
        return proven(identity);
      };

      const hide = (exchange: Exchange) => source.removeFrom(exchange);
      return { rewrite: authenticate({ scheme: "Bearer", configuration, prove, hide }) };
    },
  };
});

/** Where APISIX's `store_in_ctx` puts the claims; here it is a variable. */
const STORED_AS = "jwt_auth_payload";

interface Verifying {
  readonly keys: SignatureKeys;
  /** Claims that must be there. */
  readonly required: readonly string[];
  readonly now: () => number;
}

/**
 * The algorithm is the consumer's. The token's header must name the same and has no other say: a public
 * key is never taken for a shared secret, and `none` is nobody's algorithm.
 */
async function verifies(
  { header, payload, signed, signature }: WebToken,
  { auth }: Identity,
  { keys, required, now }: Verifying,
): Promise<boolean> {
  const { algorithm = "HS256", base64_secret: isBase64, lifetime_grace_period: grace } = auth;
  if (typeof algorithm !== "string" || header.alg !== algorithm) return false;
  // Extensions that must be understood (RFC 7515 4.1.11), of which none is.
  if (header.crit !== undefined) return false;
  const { secret, public_key } = auth;
  const key = await keys.of({ algorithm, secret, public_key, base64_secret: isBase64 === true });
  if (!key || !(await key.verify(signature, signed))) return false;
  const graceSeconds = typeof grace === "number" ? grace : 0;
  return claimsHold(payload, { required, graceSeconds }, now());
}
