import { importPKCS8, SignJWT } from "jose";
import { deliver, is200, NotDelivered } from "../logs/deliver.ts";
import type { PluginDeps } from "../plugin.ts";

/** A service account, as Google's key file has it. */
export interface ServiceAccount {
  readonly client_email: string;
  /** PKCS #8 in PEM. */
  readonly private_key: string;
  readonly token_uri: string;
  readonly scope: readonly string[];
}

interface AccessToken {
  /** What `Authorization` says. */
  readonly authorization: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

const JWT_SECONDS = 3600;
/** A token is replaced so long before it expires. */
const EARLY_SECONDS = 60;
const TIMEOUT_MS = 10_000;

/** Access tokens for a service account (RFC 7523); each serves until shortly before it expires. */
export class GoogleAccess {
  readonly #account: ServiceAccount;
  readonly #deps: Pick<PluginDeps, "fetch" | "timers" | "now">;
  #token: AccessToken | undefined;

  constructor(account: ServiceAccount, deps: Pick<PluginDeps, "fetch" | "timers" | "now">) {
    this.#account = account;
    this.#deps = deps;
  }

  /** For the `Authorization` header. Throws where there is no token to be had. */
  async authorization(): Promise<string> {
    const seconds = Math.floor(this.#deps.now() / 1000);
    if (!this.#token || seconds > this.#token.expiresAt - EARLY_SECONDS) {
      this.#token = await this.#fetchToken(seconds);
    }
    return this.#token.authorization;
  }

  async #fetchToken(seconds: number): Promise<AccessToken> {
    const { token_uri: url } = this.#account;
    const form = new URLSearchParams({
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: await this.#assertion(seconds),
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const request = { url, headers, body: form.toString(), timeoutMs: TIMEOUT_MS };
    const { text } = await deliver(this.#deps, request, is200);
    const told = tokenIn(text);
    if (!told) throw new NotDelivered("the token endpoint answered without an access_token");
    const { access_token: token, token_type: type = "Bearer", expires_in: lasts = 0 } = told;
    return { authorization: `${type} ${token}`, expiresAt: seconds + lasts };
  }

  async #assertion(seconds: number): Promise<string> {
    const { client_email: issuer, private_key: pem, scope, token_uri: audience } = this.#account;
    const key = await importPKCS8(pem, "RS256");
    return new SignJWT({ scope: scope.join(" ") })
      .setProtectedHeader({ alg: "RS256", typ: "JWT" })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + JWT_SECONDS)
      .sign(key);
  }
}

interface ToldToken {
  readonly access_token: string;
  readonly token_type?: string;
  readonly expires_in?: number;
}

function tokenIn(text: string): ToldToken | undefined {
  try {
    const told: Partial<ToldToken> = JSON.parse(text);
    const { access_token: token } = told;
    return typeof token === "string" ? { ...told, access_token: token } : undefined;
  } catch {
    return undefined;
  }
}
