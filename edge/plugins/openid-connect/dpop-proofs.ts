import type { JWK } from "jose";
import { encode } from "jose/base64url";
import { calculateJwkThumbprint } from "jose/jwk/thumbprint";
import { SignJWT } from "jose/jwt/sign";
import { hexOf } from "../../../shared/hex.ts";
import type { PluginDeps } from "../plugin.ts";
import type { DpopConfiguration } from "./configuration.ts";
import { privateKey } from "./pem-keys.ts";

/** What one proof is for (RFC 9449 4.2). */
export interface ProvenRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  /** Where the request carries one. */
  readonly accessToken?: string;
  readonly nonce?: string | undefined;
}

/** Tokens that are bound to a key of the gateway's (RFC 9449). */
export interface DpopProofs {
  /** For the authorization request (RFC 9449 10). */
  readonly thumbprint: string;
  proof(request: ProvenRequest): Promise<string>;
}

/** Undefined where it is not enabled. Throws a `ConfigurationRefused` where the private key is none. */
export async function createDpopProofs(
  configuration: DpopConfiguration | undefined,
  { now, randomBytes }: Pick<PluginDeps, "now" | "randomBytes">,
): Promise<DpopProofs | undefined> {
  if (!configuration?.enabled) return undefined;
  const { signing_alg: alg, private_key = "", public_jwk = {} } = configuration;
  const jwk = withoutPrivateParts(public_jwk);
  const key = await privateKey(private_key, alg, "dpop.private_key");
  return {
    thumbprint: await calculateJwkThumbprint(jwk),
    proof: async ({ method, url, accessToken, nonce }) => {
      const claims = {
        jti: hexOf(randomBytes(16)),
        htm: method,
        htu: url.replace(/[?#].*$/s, ""),
        iat: Math.floor(now() / 1000),
        ...(accessToken === undefined ? {} : { ath: await digestOf(accessToken) }),
        ...(nonce === undefined ? {} : { nonce }),
      };
      return new SignJWT(claims).setProtectedHeader({ typ: "dpop+jwt", alg, jwk }).sign(key);
    },
  };
}

/** Whatever the configuration holds, a proof goes to others. */
function withoutPrivateParts(jwk: Readonly<Record<string, unknown>>): JWK {
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, oth: _oth, k: _k, ...rest } = jwk;
  return rest as JWK;
}

async function digestOf(token: string): Promise<string> {
  const bytes = new TextEncoder().encode(token);
  return encode(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
