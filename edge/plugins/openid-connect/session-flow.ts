import type { JsonValue } from "../../../shared/expression/variables.ts";
import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import { finishLogin } from "./callback.ts";
import { refuseToken, schemaFault } from "./claim-rules.ts";
import { beginLogin } from "./login.ts";
import { logout } from "./logout.ts";
import { isPath, isRedirected } from "./redirect-uri.ts";
import { type RelyingParty, secondsNow } from "./relying-party.ts";
import type { Session, SignedIn } from "./session.ts";
import type { SessionStore } from "./session-store.ts";
import { idTokenClaims, isProvidersFault, refresh } from "./tokens.ts";
import { tellAccessToken, tellUpstream } from "./told-headers.ts";

/** Users in browsers: whoever has a session goes on, others are sent to sign in (reference 8.1). */
export async function sessionFlow(
  exchange: Exchange,
  party: RelyingParty,
  store: SessionStore,
): Promise<Exit | undefined> {
  const { configuration } = party;
  const opened = await store.open(exchange);
  const session = opened?.session;
  try {
    if (isRedirected(exchange, configuration)) {
      return await finishLogin(exchange, session, party, store);
    }
    if (isPath(exchange, configuration.logout_path)) {
      return await logout(exchange, session, party, store);
    }
    const user = session?.user;
    if (!session || !user || configuration.force_reauthorize) {
      return await challenge(exchange, session, party, store);
    }
    const current = await withCurrentToken(user, exchange, party);
    if (current === "expired") {
      return await challenge(exchange, { ...session, user: undefined }, party, store);
    }
    if (isToBeSeenAgain(current, party)) {
      return await beginLogin(exchange, session, party, store, { isSilent: true });
    }
    if (opened.isToBeRenewed || current !== user) {
      await store.save(exchange, { ...session, user: current });
    }
    return letPass(current, exchange, party);
  } catch (error) {
    if (!isProvidersFault(error)) throw error;
    party.log(error.message);
    return { status: 500 };
  }
}

async function challenge(
  exchange: Exchange,
  session: Session | undefined,
  party: RelyingParty,
  store: SessionStore,
): Promise<Exit | undefined> {
  const { unauth_action: action } = party.configuration;
  if (action === "pass") return undefined;
  if (action === "deny") return { status: 401 };
  return beginLogin(exchange, session, party, store);
}

/** `expired`: and there is no way to a new one. Without renewal the session outlives its token. */
async function withCurrentToken(
  user: SignedIn,
  exchange: Exchange,
  party: RelyingParty,
): Promise<SignedIn | "expired"> {
  if (user.accessToken === undefined || secondsNow(party) < user.accessTokenUntil) return user;
  if (!party.configuration.renew_access_token_on_expiry) {
    return { ...user, accessToken: undefined };
  }
  if (user.refreshToken === undefined) return "expired";
  try {
    return await refresh(user, user.refreshToken, exchange, party);
  } catch (error) {
    if (!isProvidersFault(error)) throw error;
    party.log(`no new access token: ${error.message}`);
    return "expired";
  }
}

function isToBeSeenAgain({ authenticatedAt }: SignedIn, party: RelyingParty): boolean {
  const { refresh_session_interval: interval } = party.configuration;
  return interval !== undefined && authenticatedAt + interval < secondsNow(party);
}

function letPass(user: SignedIn, exchange: Exchange, party: RelyingParty): Exit | undefined {
  const { accessToken, refreshToken, userinfo } = user;
  const { configuration } = party;
  const claims = idTokenClaims(user);
  const fault = schemaFault({ user: userinfo, access_token: accessToken, id_token: claims }, party);
  if (fault !== undefined) return refuseToken(exchange, configuration, fault);
  exchange.externalUser = (userinfo ?? claims) as JsonValue;
  tellAccessToken(accessToken, exchange, configuration);
  tellUpstream({ idToken: claims, userinfo, refreshToken }, exchange, configuration);
  return undefined;
}
