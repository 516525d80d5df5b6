import { encode } from "jose/base64url";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import type { Asking } from "./kept-document.ts";
import { ProviderFailed } from "./provider-failed.ts";
import { type RelyingParty, secondsNow } from "./relying-party.ts";
import {
  ASYMMETRIC,
  type Claims,
  SYMMETRIC,
  TokenRefused,
  type VerificationKey,
  type VerificationKeys,
  verifySigned,
} from "./signed-token.ts";

/** What an id token has to go with. */
export interface IdTokenContext {
  /** That was in the authorization request. */
  readonly nonce?: string | undefined;
  /** That came with it. */
  readonly accessToken?: string | undefined;
  /** Whom an earlier one named (OIDC Core 12.2). */
  readonly subject?: string | undefined;
}

/** OIDC Core 3.1.3.7. Throws a `TokenRefused`, or as asking the provider does. */
export async function verifyIdToken(
  token: string,
  context: IdTokenContext,
  party: RelyingParty,
  asking: Asking,
): Promise<Claims> {
  const { issuer } = await party.provider.metadata(asking);
  if (issuer === undefined) throw new ProviderFailed("its discovery document has no issuer");
  const claims = await verifySigned(
    token,
    await idTokenAlgorithms(party, asking),
    idTokenKeys(party, asking),
  );
  const wrong = wrongClaim(claims, issuer, context, party);
  if (wrong) throw new TokenRefused(`the id_token's ${wrong}`);
  await checkAccessTokenHash(token, claims, context.accessToken);
  return claims;
}

/** Those with the client's secret only where the provider says that it uses them. */
async function idTokenAlgorithms(
  { provider, configuration }: RelyingParty,
  asking: Asking,
): Promise<readonly string[]> {
  const { lists } = await provider.metadata(asking);
  const told = lists.id_token_signing_alg_values_supported;
  if (!told) return ASYMMETRIC;
  const known = configuration.client_secret ? [...ASYMMETRIC, ...SYMMETRIC] : ASYMMETRIC;
  return known.filter((alg) => told.includes(alg));
}

function idTokenKeys(party: RelyingParty, asking: Asking): VerificationKeys {
  const { configuration } = party;
  const published = publicKeysOf(party, asking);
  const secret = new TextEncoder().encode(configuration.client_secret ?? "");
  const isSymmetric = (alg: string) => SYMMETRIC.includes(alg);
  return {
    matching: async (header) => (isSymmetric(header.alg) ? [secret] : published.matching(header)),
    newer: async (header) => (isSymmetric(header.alg) ? [] : published.newer(header)),
  };
}

/** The configured public key, or else the provider's key set. */
export function publicKeysOf(
  { publicKeys, provider, configuration }: RelyingParty,
  asking: Asking,
): VerificationKeys {
  if (!publicKeys) return provider.keys(configuration.jwk_expires_in * 1000, asking);
  return {
    matching: async ({ alg }) => listOf(publicKeys.get(alg)),
    newer: async () => [],
  };
}

function listOf(key: VerificationKey | undefined): readonly VerificationKey[] {
  return key ? [key] : [];
}

/** What is wrong, undefined: nothing. */
function wrongClaim(
  claims: Claims,
  issuer: string,
  { nonce, subject }: IdTokenContext,
  party: RelyingParty,
): string | undefined {
  const { client_id: client, iat_slack: slack } = party.configuration;
  const { iss, sub, aud, azp, iat, exp, nbf } = claims;
  const now = secondsNow(party);
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (iss !== issuer) return "iss is not the provider's issuer";
  if (typeof sub !== "string" || sub === "") return "sub is missing";
  if (subject !== undefined && sub !== subject) return "sub is another one than before";
  if (!audiences.includes(client)) return "aud is not this client";
  if (azp !== undefined && azp !== client) return "azp is not this client";
  if (nonce !== undefined && claims.nonce !== nonce) return "nonce is not the one that was sent";
  if (typeof iat !== "number" || iat > now + slack) return "iat is missing or yet to come";
  if (typeof exp !== "number" || exp + slack < now) return "exp is missing or past";
  if (nbf !== undefined && !(typeof nbf === "number" && nbf <= now + slack)) {
    return "nbf is yet to come";
  }
  return undefined;
}

/** OIDC Core 3.1.3.8: the access token is the one that it was issued with. */
async function checkAccessTokenHash(
  token: string,
  { at_hash: told }: Claims,
  accessToken: string | undefined,
): Promise<void> {
  if (told === undefined || accessToken === undefined) return;
  const size = /256$|384$/.exec(decodeProtectedHeader(token).alg ?? "")?.[0] ?? "512";
  const bytes = new TextEncoder().encode(accessToken);
  const digest = new Uint8Array(await crypto.subtle.digest(`SHA-${size}`, bytes));
  if (told !== encode(digest.subarray(0, digest.length / 2))) {
    throw new TokenRefused("the id_token's at_hash is not the access token's");
  }
}
