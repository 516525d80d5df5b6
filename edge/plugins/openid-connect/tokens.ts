import { decodeJwt } from "jose/jwt/decode";
import type { Exchange } from "../exchange.ts";
import { ServiceUnavailable } from "../service-call.ts";
import { verifyIdToken } from "./id-token.ts";
import type { Asking } from "./kept-document.ts";
import { askForTokens, type Tokens, userinfo } from "./provider-calls.ts";
import { ProviderFailed } from "./provider-failed.ts";
import { asking, type RelyingParty, secondsNow } from "./relying-party.ts";
import type { PendingLogin, SignedIn } from "./session.ts";
import { type Claims, TokenRefused } from "./signed-token.ts";

/** Where a provider says nothing else. */
const DEFAULT_TOKEN_S = 3_600;

/** What a code is worth (OIDC Core 3.1.3). Throws a `TokenRefused`, or as asking the provider does. */
export async function redeemCode(
  code: string,
  login: PendingLogin,
  exchange: Exchange,
  party: RelyingParty,
): Promise<SignedIn> {
  const ask = asking(exchange, party);
  const fields = {
    grant_type: "authorization_code",
    code,
    redirect_uri: login.redirectUri,
    code_verifier: login.verifier,
  };
  const tokens = await askForTokens(fields, party, ask);
  const { idToken, accessToken } = tokens;
  if (idToken === undefined) throw new ProviderFailed("the token endpoint sends no id_token");
  const claims = await verifyIdToken(idToken, { nonce: login.nonce, accessToken }, party, ask);
  return {
    idToken,
    accessToken,
    accessTokenUntil: expiryOf(tokens, party),
    refreshToken: tokens.refreshToken,
    userinfo: await userinfoOf(accessToken, claims, party, ask),
    authenticatedAt: secondsNow(party),
  };
}

/** With a new access token (RFC 6749 6). Throws as `redeemCode` does. */
export function refresh(
  user: SignedIn,
  refreshToken: string,
  exchange: Exchange,
  party: RelyingParty,
): Promise<SignedIn> {
  const ask = asking(exchange, party);
  const { client_id, discovery, scope } = party.configuration;
  const work = async (): Promise<SignedIn> => {
    const fields = { grant_type: "refresh_token", refresh_token: refreshToken, scope };
    const tokens = await askForTokens(fields, party, ask);
    const { idToken, accessToken } = tokens;
    if (accessToken === undefined) throw new ProviderFailed("a refresh brought no access token");
    if (idToken !== undefined) {
      const subject = String(idTokenClaims(user).sub);
      await verifyIdToken(idToken, { subject, accessToken }, party, ask);
    }
    return {
      ...user,
      idToken: idToken ?? user.idToken,
      accessToken,
      accessTokenUntil: expiryOf(tokens, party),
      refreshToken: tokens.refreshToken ?? refreshToken,
    };
  };
  return party.refreshes.once(refreshToken, `${client_id} ${discovery}`, work, ask);
}

/** They were verified before they came into the session. */
export function idTokenClaims({ idToken }: SignedIn): Claims {
  return decodeJwt(idToken);
}

/** Whether `error` is the provider's, and not one of ours. */
export function isProvidersFault(error: unknown): error is Error {
  return (
    error instanceof ProviderFailed ||
    error instanceof ServiceUnavailable ||
    error instanceof TokenRefused
  );
}

/** A second early, so that it does not end on its way to the upstream. */
function expiryOf({ expiresIn }: Tokens, party: RelyingParty): number {
  const { access_token_expires_in: assumed, access_token_expires_leeway: leeway } =
    party.configuration;
  return secondsNow(party) + (expiresIn ?? assumed ?? DEFAULT_TOKEN_S) - 1 - leeway;
}

/** Nobody is kept out because it cannot be had, as in APISIX; what is someone else's is not taken. */
async function userinfoOf(
  accessToken: string | undefined,
  { sub }: Claims,
  party: RelyingParty,
  ask: Asking,
): Promise<Claims | undefined> {
  const { set_userinfo_header: isSent, claim_schema } = party.configuration;
  if (accessToken === undefined || !(isSent || claim_schema)) return undefined;
  try {
    const told = await userinfo(accessToken, party, ask);
    if (!told || told.sub === sub) return told;
    party.log("the userinfo endpoint speaks of another sub than the id_token; it is left out");
  } catch (error) {
    if (!isProvidersFault(error)) throw error;
    party.log(`no userinfo: ${error.message}`);
  }
  return undefined;
}
