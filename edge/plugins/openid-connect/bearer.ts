import type { JsonValue } from "../../../shared/expression/variables.ts";
import { isRepeatedAuthorization } from "../authorization-header.ts";
import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import { claimsRefusal, refuseToken, schemaFault } from "./claim-rules.ts";
import type { OpenidConnectConfiguration } from "./configuration.ts";
import { publicKeysOf } from "./id-token.ts";
import type { Introspections } from "./introspections.ts";
import type { Asking } from "./kept-document.ts";
import { asking, type RelyingParty, secondsNow } from "./relying-party.ts";
import { ASYMMETRIC, type Claims, TokenRefused, verifySigned } from "./signed-token.ts";
import { isProvidersFault } from "./tokens.ts";
import { tellAccessToken, tellUpstream } from "./told-headers.ts";

/** `none`: the request brings no bearer token; whoever has a session may go on by that. */
export type BearerVerdict = "none" | "passed" | Exit;

/** Whether this place takes bearer tokens at all. */
export function takesBearer(configuration: OpenidConnectConfiguration): boolean {
  const { bearer_only, introspection_endpoint, public_key, use_jwks } = configuration;
  return bearer_only || use_jwks || (introspection_endpoint ?? public_key) !== undefined;
}

/** RFC 6750: a token that a client brings (reference 8.1). `given`: its `X-Access-Token`. */
export async function judgeBearer(
  exchange: Exchange,
  given: string | null,
  party: RelyingParty,
  introspections: Introspections,
): Promise<BearerVerdict> {
  const { configuration } = party;
  const token = bearerToken(exchange.header("authorization"), given);
  if (token === "malformed" || isRepeatedAuthorization(exchange)) return { status: 400 };
  if (token === undefined) {
    return configuration.bearer_only ? refuseToken(exchange, configuration) : "none";
  }
  let claims: Claims;
  try {
    claims = await claimsOf(token.text, exchange, party, introspections);
  } catch (error) {
    if (!isProvidersFault(error)) throw error;
    if (error instanceof TokenRefused) return refuseToken(exchange, configuration, error.message);
    // What went wrong between provider and gateway is nobody else's business.
    party.log(`a bearer token is refused: ${error.message}`);
    return refuseToken(exchange, configuration, "the identity provider cannot be asked");
  }
  const refusal = claimsRefusal(claims, configuration);
  if (refusal) return refusal;
  const fault = schemaFault(claims, party);
  if (fault !== undefined) return refuseToken(exchange, configuration, fault);
  exchange.externalUser = claims as JsonValue;
  tellAccessToken(token.text, exchange, configuration);
  tellUpstream({ userinfo: claims }, exchange, configuration);
  return "passed";
}

/** Undefined: there is none; another scheme is somebody else's. */
function bearerToken(
  authorization: string | null,
  given: string | null,
): { readonly text: string } | "malformed" | undefined {
  if (authorization === null) return given === null ? undefined : { text: given };
  const space = authorization.indexOf(" ");
  if (space < 0) return "malformed";
  const isBearer = authorization.slice(0, space).toLowerCase() === "bearer";
  return isBearer ? { text: authorization.slice(space + 1).trim() } : undefined;
}

async function claimsOf(
  token: string,
  exchange: Exchange,
  party: RelyingParty,
  introspections: Introspections,
): Promise<Claims> {
  const ask = asking(exchange, party);
  const { public_key, use_jwks, token_signing_alg_values_expected: alg } = party.configuration;
  if (public_key === undefined && !use_jwks) {
    return introspections.claimsOf(token, exchange, party, ask);
  }
  const algorithms = alg === undefined ? ASYMMETRIC : [alg];
  const claims = await verifySigned(token, algorithms, publicKeysOf(party, ask));
  const wrong = wrongClaim(claims, await validIssuers(party, ask), party);
  if (wrong) throw new TokenRefused(wrong);
  return claims;
}

/** Undefined where neither the configuration nor the provider says, as in APISIX: any will do. */
async function validIssuers(
  { configuration, provider, log }: RelyingParty,
  ask: Asking,
): Promise<readonly string[] | undefined> {
  const valid = configuration.claim_validator?.issuer?.valid_issuers;
  if (valid) return valid;
  try {
    const { issuer } = await provider.metadata(ask);
    return issuer === undefined ? undefined : [issuer];
  } catch (error) {
    if (!isProvidersFault(error)) throw error;
    log(`the issuer of a bearer token is not checked: ${error.message}`);
    return undefined;
  }
}

function wrongClaim(
  { iss, exp, nbf }: Claims,
  issuers: readonly string[] | undefined,
  party: RelyingParty,
): string | undefined {
  const now = secondsNow(party);
  if (issuers && !issuers.some((issuer) => issuer === iss)) return "Claim 'iss' is not valid";
  if (exp !== undefined && !(typeof exp === "number" && now < exp)) return "JWT expired";
  const { iat_slack: slack } = party.configuration;
  if (nbf !== undefined && !(typeof nbf === "number" && nbf <= now + slack)) {
    return "JWT is not valid yet";
  }
  return undefined;
}
