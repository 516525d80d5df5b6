import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import { redirect } from "./login.ts";
import type { ProviderMetadata } from "./provider.ts";
import { revoke } from "./provider-calls.ts";
import { asking, type RelyingParty } from "./relying-party.ts";
import type { Session, SignedIn } from "./session.ts";
import type { SessionStore } from "./session-store.ts";
import { isProvidersFault } from "./tokens.ts";

/** Ends the session here and, where it can be told, at the provider (OIDC RP-Initiated Logout 2). */
export async function logout(
  exchange: Exchange,
  session: Session | undefined,
  party: RelyingParty,
  store: SessionStore,
): Promise<Exit> {
  let metadata: ProviderMetadata;
  try {
    metadata = await party.provider.metadata(asking(exchange, party));
  } catch (error) {
    if (!isProvidersFault(error)) throw error;
    party.log(`logout: ${error.message}`);
    return { status: 503 };
  }
  store.drop(exchange);
  const user = session?.user;
  if (user && party.configuration.revoke_tokens_on_logout) {
    await revokeTokens(user, exchange, party);
  }
  const { end_session_endpoint: end } = metadata.endpoints;
  const { post_logout_redirect_uri: after } = party.configuration;
  if (end === undefined && after !== undefined) return redirect(exchange, after);
  if (end === undefined) {
    exchange.answerHeaders.set("content-type", "text/html");
    return { status: 200, body: "<html><body>Logged Out</body></html>\n" };
  }
  const url = new URL(end);
  if (user) url.searchParams.set("id_token_hint", user.idToken);
  if (after !== undefined) url.searchParams.set("post_logout_redirect_uri", after);
  return redirect(exchange, url.href);
}

/** A user is logged out even where the provider does not listen. */
async function revokeTokens(
  { refreshToken, accessToken }: SignedIn,
  exchange: Exchange,
  party: RelyingParty,
): Promise<void> {
  const tokens = [
    ["refresh_token", refreshToken],
    ["access_token", accessToken],
  ] as const;
  for (const [hint, token] of tokens) {
    if (token === undefined) continue;
    try {
      const isDone = await revoke(token, hint, party, asking(exchange, party));
      if (!isDone) party.log(`logout: the provider did not revoke the ${hint}`);
    } catch (error) {
      if (!isProvidersFault(error)) throw error;
      party.log(`logout: the provider did not revoke the ${hint}: ${error.message}`);
    }
  }
}
