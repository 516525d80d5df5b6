import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import { redirect } from "./login.ts";
import { ProviderFailed } from "./provider-failed.ts";
import { asking, type RelyingParty, secondsNow } from "./relying-party.ts";
import { type PendingLogin, pendingLogin, type Session, withoutLogin } from "./session.ts";
import type { SessionStore } from "./session-store.ts";
import { redeemCode } from "./tokens.ts";

/** In a row; then there is something wrong that no new start mends. */
const MOST_RESTARTS = 3;
/** Answers to a silent login: the user has to be asked after all (OIDC Core 3.1.2.6). */
const NEEDS_USER = new Set([
  "login_required",
  "interaction_required",
  "consent_required",
  "account_selection_required",
]);

/**
 * The provider's answer by way of the browser (OIDC Core 3.1.2.5). Throws a `TokenRefused` or a
 * `ProviderFailed`, or as asking the provider does.
 */
export async function finishLogin(
  exchange: Exchange,
  session: Session | undefined,
  party: RelyingParty,
  store: SessionStore,
): Promise<Exit> {
  const parameters = new URLSearchParams(exchange.args);
  const [state, code, error] = ["state", "code", "error"].map((name) => parameters.get(name));
  if (!session) throw new ProviderFailed("a login comes back to a browser that began none");
  if (!state || !(code || error)) throw new ProviderFailed("a login comes back without a code");
  const login = pendingLogin(session, state, secondsNow(party));
  const again = (next: Session, target: string) => restart(exchange, next, target, party, store);
  if (!login) return again(session, session.target);
  const rest = withoutLogin(session, state);
  if (error === "temporarily_unavailable") return again(rest, login.target);
  if (error && login.isSilent && NEEDS_USER.has(error)) {
    return again({ ...rest, user: undefined }, login.target);
  }
  if (!code) throw new ProviderFailed(`the provider refuses a login: ${plain(error ?? "")}`);
  await checkIssuer(parameters.get("iss"), exchange, party);
  const user = await redeemCode(code, login, exchange, party);
  await store.save(exchange, { ...rest, began: secondsNow(party), user, restarts: 0 });
  return redirect(exchange, ownPath(login));
}

/**
 * Back to where the browser wanted to go: there a new login begins, which often nobody notices. The state
 * of this one is used up, or the browser forgot it.
 */
async function restart(
  exchange: Exchange,
  session: Session,
  target: string,
  party: RelyingParty,
  store: SessionStore,
): Promise<Exit> {
  const restarts = session.restarts + 1;
  if (exchange.method !== "GET" || restarts > MOST_RESTARTS) {
    throw new ProviderFailed("a login comes back that this browser did not begin, or too late");
  }
  party.log("a login starts again: its state is not known, or the provider is busy");
  await store.save(exchange, { ...session, restarts });
  return redirect(exchange, ownPath({ target }));
}

/** RFC 9207 2.4: another provider's code must not be sent to this one. */
async function checkIssuer(
  told: string | null,
  exchange: Exchange,
  party: RelyingParty,
): Promise<void> {
  const { issuer, namesIssuer } = await party.provider.metadata(asking(exchange, party));
  if (told === null ? namesIssuer : told !== issuer) {
    throw new ProviderFailed("a login comes back with another iss than the provider's issuer");
  }
}

/** `//other.test/` would lead to another host, and so would a backslash. */
function ownPath({ target }: Pick<PendingLogin, "target">): string {
  if (!target.startsWith("/")) return "/";
  return /^\/[/\\]/.test(target) ? `/.${target}` : target;
}

function plain(text: string): string {
  return text.replaceAll(/[^\w.-]/g, "").slice(0, 60);
}
