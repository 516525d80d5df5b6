import { JOSEError } from "jose/errors";
import { compactDecrypt } from "jose/jwe/compact/decrypt";
import { CompactEncrypt } from "jose/jwe/compact/encrypt";
import { sha256Hex } from "../../../shared/snapshot/digest.ts";
import type { Exchange } from "../exchange.ts";
import type { PluginDeps } from "../plugin.ts";
import type { OpenidConnectConfiguration } from "./configuration.ts";
import type { Session } from "./session.ts";
import { dropCookies, hideCookies, readCookies, writeCookies } from "./session-cookies.ts";

/** Sessions of one client of one provider, in their browsers' cookies. */
export interface SessionStore {
  /** Undefined: the browser has none, or one that is over, or of another client. */
  open(exchange: Exchange): Promise<OpenedSession | undefined>;
  /** At most once for an answer. */
  save(exchange: Exchange, session: Session): Promise<void>;
  drop(exchange: Exchange): void;
}

export interface OpenedSession {
  readonly session: Session;
  /** It has to be saved once in a while, or else it ends. */
  readonly isToBeRenewed: boolean;
}

/** What is sealed. */
interface Sealed extends Session {
  /** Seconds since 1970. */
  readonly sealedAt: number;
}

const NAME_DIGITS = 8;
const DEFAULT_LIFETIME_S = 3_600;
/** However much it is used, a session ends, as those of lua-resty-session do; or later where it may idle so long. */
const LONGEST_S = 86_400;
/** Of its lifetime; then it is renewed. Less would put a cookie on every answer. */
const RENEWED_AFTER = 0.25;
/** Another number for another shape of `Session`: what an older release sealed is then no session. */
const SALT = "snapgate openid-connect session 1";

const UTF8 = new TextEncoder();

/**
 * Encrypted and authenticated by AES-256-GCM (RFC 7516 `dir`). The key is of the secret, the provider and
 * the client (HKDF, RFC 5869): who uses one secret for two clients does not let the users of one in to
 * the other.
 */
export async function createSessionStore(
  { session, discovery, client_id }: OpenidConnectConfiguration,
  { now }: Pick<PluginDeps, "now">,
): Promise<SessionStore | undefined> {
  if (!session) return undefined;
  const of = JSON.stringify([discovery, client_id]);
  const key = await derivedKey(session.secret, of);
  // Two clients on one host would otherwise take each other's sessions away.
  const name = `session_${(await sha256Hex(UTF8.encode(of))).slice(0, NAME_DIGITS)}`;
  const lifetimeS = session.cookie?.lifetime ?? DEFAULT_LIFETIME_S;
  const longestS = Math.max(lifetimeS, LONGEST_S);
  const seconds = () => Math.floor(now() / 1000);
  return {
    async open(exchange) {
      const text = readCookies(exchange, name);
      const sealed = text === undefined ? undefined : await unsealed(text, key);
      if (!sealed) return undefined;
      hideCookies(exchange, name);
      const idleS = seconds() - sealed.sealedAt;
      if (idleS >= lifetimeS || seconds() - sealed.began >= longestS) return undefined;
      const { sealedAt: _sealedAt, ...opened } = sealed;
      return { session: opened, isToBeRenewed: idleS >= lifetimeS * RENEWED_AFTER };
    },
    async save(exchange, saved) {
      const sealed: Sealed = { ...saved, sealedAt: seconds() };
      const text = await new CompactEncrypt(UTF8.encode(JSON.stringify(sealed)))
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .encrypt(key);
      const restS = Math.min(lifetimeS, saved.began + longestS - seconds());
      writeCookies(exchange, name, text, restS);
    },
    drop: (exchange) => dropCookies(exchange, name),
  };
}

async function derivedKey(secret: string, of: string): Promise<CryptoKey> {
  const bytes = UTF8.encode(secret);
  const base = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: UTF8.encode(SALT), info: UTF8.encode(of) },
    base,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt", "decrypt"],
  );
}

/** Undefined for what we did not seal. */
async function unsealed(text: string, key: CryptoKey): Promise<Sealed | undefined> {
  try {
    const { plaintext } = await compactDecrypt(text, key, {
      keyManagementAlgorithms: ["dir"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    return JSON.parse(new TextDecoder().decode(plaintext)) as Sealed;
  } catch (error) {
    if (error instanceof JOSEError) return undefined;
    throw error;
  }
}
