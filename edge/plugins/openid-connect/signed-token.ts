import { decodeProtectedHeader } from "jose/decode/protected_header";
import { JOSEError } from "jose/errors";
import { compactVerify } from "jose/jws/compact/verify";

/** What a token or a provider says of someone. */
export type Claims = Readonly<Record<string, unknown>>;

export interface TokenHeader {
  readonly alg: string;
  readonly kid?: string | undefined;
}

/** Where the keys are that may have signed a token. */
export interface VerificationKeys {
  /** Those that fit the header. */
  matching(header: TokenHeader): Promise<readonly VerificationKey[]>;
  /** Those of a later key set; none where there is none yet. */
  newer(header: TokenHeader): Promise<readonly VerificationKey[]>;
}

export type VerificationKey = CryptoKey | Uint8Array;

/** Its message is told to the client, so it holds nothing of the token but its algorithm's name. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
}

/** Signatures that a public key verifies (RFC 7518 3.1, RFC 8037, RFC 9864). */
export const ASYMMETRIC: readonly string[] = [
  ...["RS256", "RS384", "RS512"],
  ...["PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512"],
  ...["EdDSA", "Ed25519"],
];

/** Those with a secret that both sides know. */
export const SYMMETRIC: readonly string[] = ["HS256", "HS384", "HS512"];

const MOST_KEYS_TRIED = 8;

/**
 * The claims of a JWT (RFC 7515 compact) whose signature holds. The algorithm must be one of `algorithms`,
 * which the verifier chose and the token has no say in (RFC 8725 3.1). Throws a `TokenRefused`.
 */
export async function verifySigned(
  token: string,
  algorithms: readonly string[],
  keys: VerificationKeys,
): Promise<Claims> {
  const header = headerOf(token);
  if (header.alg === "none") {
    throw new TokenRefused('token uses "none" alg but accept_none_alg is not enabled');
  }
  if (!algorithms.includes(header.alg)) {
    throw new TokenRefused(`token is signed by unexpected algorithm "${plain(header.alg)}"`);
  }
  const matching = await keys.matching(header);
  const claims = await claimsBy(matching, token, header.alg);
  if (claims) return claims;
  // A key of that name is known, and it did not sign this: no later set will say otherwise.
  const isDecided = matching.length > 0 && header.kid !== undefined;
  const later = isDecided ? undefined : await claimsBy(await keys.newer(header), token, header.alg);
  if (later) return later;
  throw new TokenRefused("jwt signature verification failed");
}

function headerOf(token: string): TokenHeader {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    if (token.split(".").length !== 3 || typeof alg !== "string") throw new Error("no JWS");
    return { alg, kid: typeof kid === "string" ? kid : undefined };
  } catch {
    throw new TokenRefused("invalid jwt");
  }
}

async function claimsBy(
  keys: readonly VerificationKey[],
  token: string,
  alg: string,
): Promise<Claims | undefined> {
  for (const key of keys.slice(0, MOST_KEYS_TRIED)) {
    try {
      const { payload } = await compactVerify(token, key, { algorithms: [alg] });
      return claimsIn(payload);
    } catch (error) {
      if (error instanceof TokenRefused) throw error;
      // jose throws a TypeError for a key that is not one for this algorithm.
      if (!(error instanceof JOSEError) && !(error instanceof TypeError)) throw error;
    }
  }
  return undefined;
}

function claimsIn(payload: Uint8Array): Claims {
  try {
    const claims: unknown = JSON.parse(new TextDecoder().decode(payload));
    if (typeof claims === "object" && claims !== null && !Array.isArray(claims)) {
      return claims as Claims;
    }
  } catch {
    // The same as a text, a number or a list.
  }
  throw new TokenRefused("invalid jwt");
}

/** What came in a token goes into a header of the answer. */
function plain(text: string): string {
  return text.replaceAll(/[^\w.+-]/g, "").slice(0, 20);
}
