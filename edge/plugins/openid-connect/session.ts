import type { Claims } from "./signed-token.ts";

/** What the gateway knows of a browser: it lies there, sealed. Times are seconds since 1970. */
export interface Session {
  /** When its user signed in, or was first asked to. */
  readonly began: number;
  readonly user?: SignedIn | undefined;
  /** Logins under way, by their state. */
  readonly logins: Readonly<Record<string, PendingLogin>>;
  /** Where the last of them is to lead; a callback that none of them knows leads there too. */
  readonly target: string;
  /** How often in a row a login had to start again. */
  readonly restarts: number;
}

export interface PendingLogin {
  readonly startedAt: number;
  /** Path and query that were asked for. */
  readonly target: string;
  readonly redirectUri: string;
  readonly nonce?: string | undefined;
  /** PKCE's secret (RFC 7636 4.1). */
  readonly verifier?: string | undefined;
  /** The user was signed in already and must not be asked anything (`prompt=none`). */
  readonly isSilent: boolean;
}

export interface SignedIn {
  /** As the provider signed it. */
  readonly idToken: string;
  readonly accessToken: string | undefined;
  readonly accessTokenUntil: number;
  readonly refreshToken: string | undefined;
  readonly userinfo: Claims | undefined;
  readonly authenticatedAt: number;
}

/** Who is longer on the way to the provider and back starts again. */
const LOGIN_WITHIN_S = 600;
/** A page that asks for much while nobody is signed in must not fill the cookie. */
const MOST_LOGINS = 5;
/** Longer targets lose their query, so that the cookie stays small. */
const LONGEST_TARGET = 2_000;

/** `session` with one more login under way, without those that are too old or too many. */
export function withLogin(
  session: Session | undefined,
  state: string,
  login: PendingLogin,
): Session {
  const others = Object.entries(session?.logins ?? {})
    .filter(([, { startedAt }]) => login.startedAt - startedAt < LOGIN_WITHIN_S)
    .sort(([, a], [, b]) => b.startedAt - a.startedAt)
    .slice(0, MOST_LOGINS - 1);
  return {
    began: session?.began ?? login.startedAt,
    user: session?.user,
    logins: Object.fromEntries([[state, login], ...others]),
    target: login.target,
    restarts: session?.restarts ?? 0,
  };
}

/** The login that a state names; undefined: there is none, or it has taken too long. */
export function pendingLogin(
  session: Session,
  state: string,
  now: number,
): PendingLogin | undefined {
  if (!Object.hasOwn(session.logins, state)) return undefined;
  const login = session.logins[state];
  return login && now - login.startedAt < LOGIN_WITHIN_S ? login : undefined;
}

export function withoutLogin(session: Session, state: string): Session {
  const { [state]: _done, ...logins } = session.logins;
  return { ...session, logins };
}

/** What of a request's target is remembered. */
export function rememberedTarget(target: string): string {
  if (target.length <= LONGEST_TARGET) return target;
  const path = target.replace(/[?#].*$/s, "");
  return path.length <= LONGEST_TARGET ? path : "/";
}
