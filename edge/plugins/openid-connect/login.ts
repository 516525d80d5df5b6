import { encode } from "jose/base64url";
import { hexOf } from "../../../shared/hex.ts";
import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import type { ProviderMetadata } from "./provider.ts";
import { ProviderFailed } from "./provider-failed.ts";
import { redirectUri } from "./redirect-uri.ts";
import { asking, type RelyingParty, secondsNow } from "./relying-party.ts";
import { type PendingLogin, rememberedTarget, type Session, withLogin } from "./session.ts";
import type { SessionStore } from "./session-store.ts";

/** What no parameter of the configuration may put another value in for. */
const OF_THE_FLOW = new Set([
  "response_type",
  "redirect_uri",
  "state",
  "nonce",
  "code_challenge",
  "code_challenge_method",
]);

/** Sends the browser to the provider (OIDC Core 3.1.2.1). Throws as asking the provider does. */
export async function beginLogin(
  exchange: Exchange,
  session: Session | undefined,
  party: RelyingParty,
  store: SessionStore,
  { isSilent }: Pick<PendingLogin, "isSilent"> = { isSilent: false },
): Promise<Exit> {
  const metadata = await party.provider.metadata(asking(exchange, party));
  const { authorization_endpoint: endpoint } = metadata.endpoints;
  if (!endpoint) {
    throw new ProviderFailed("its discovery document has no authorization_endpoint");
  }
  const { randomBytes } = party.deps;
  const state = hexOf(randomBytes(16));
  const login: PendingLogin = {
    startedAt: secondsNow(party),
    target: rememberedTarget(exchange.rawTarget),
    redirectUri: redirectUri(exchange, party.configuration),
    nonce: party.configuration.use_nonce ? hexOf(randomBytes(16)) : undefined,
    verifier: usesPkce(party, metadata) ? encode(randomBytes(32)) : undefined,
    isSilent,
  };
  await store.save(exchange, withLogin(session, state, login));
  return redirect(exchange, await authorizationUrl(endpoint, state, login, party));
}

/** A redirect that nobody may keep. */
export function redirect({ answerHeaders }: Exchange, location: string): Exit {
  answerHeaders.set("cache-control", "no-cache, no-store, max-age=0");
  answerHeaders.set("location", location);
  return { status: 302 };
}

/** Also where it is not asked for: whoever says that it knows PKCE can be held to it (RFC 9700 2.1.1). */
function usesPkce({ configuration }: RelyingParty, { lists }: ProviderMetadata): boolean {
  return (
    configuration.use_pkce || (lists.code_challenge_methods_supported?.includes("S256") ?? false)
  );
}

async function authorizationUrl(
  endpoint: string,
  state: string,
  { redirectUri: uri, nonce, verifier, isSilent }: PendingLogin,
  { configuration, dpop }: RelyingParty,
): Promise<string> {
  const parameters: Record<string, string | undefined> = {
    client_id: configuration.client_id,
    response_type: "code",
    scope: configuration.scope,
    redirect_uri: uri,
    state,
    nonce,
    ...(verifier !== undefined && {
      code_challenge: await challengeOf(verifier),
      code_challenge_method: "S256",
    }),
    dpop_jkt: dpop?.thumbprint,
  };
  for (const [name, value] of Object.entries(configuration.authorization_params ?? {})) {
    if (!OF_THE_FLOW.has(name)) parameters[name] = String(value);
  }
  if (isSilent) parameters.prompt = "none";
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

/** RFC 7636 4.2. */
async function challengeOf(verifier: string): Promise<string> {
  const bytes = new TextEncoder().encode(verifier);
  return encode(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}
