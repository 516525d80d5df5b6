import { createHash, timingSafeEqual } from "node:crypto";
import type { AdminKey } from "./admin-keys.ts";

/** Why a call may not be made, in APISIX's words. */
export type Denial = "missing apikey" | "wrong apikey" | "invalid method for role viewer";

export type Access =
  | { readonly is: "granted"; readonly key: AdminKey }
  | { readonly is: "denied"; readonly why: Denial };

/** Decides by the key that a call brings: in the query, else in the header, else in a cookie. */
export class AccessControl {
  readonly #keys: readonly { readonly digest: Buffer; readonly key: AdminKey }[];

  constructor(keys: readonly AdminKey[]) {
    this.#keys = keys.map((key) => ({ digest: digestOf(key.secret), key }));
  }

  check(request: Request, method: string): Access {
    const sent = sentKey(request);
    if (sent === undefined) return { is: "denied", why: "missing apikey" };
    const key = this.#find(sent);
    if (!key) return { is: "denied", why: "wrong apikey" };
    const mayWrite = key.role === "admin";
    if (!mayWrite && method !== "GET" && method !== "HEAD") {
      return { is: "denied", why: "invalid method for role viewer" };
    }
    return { is: "granted", key };
  }

  /** All are compared, each in the same time whatever it has in common with what was sent. */
  #find(sent: string): AdminKey | undefined {
    const digest = digestOf(sent);
    let found: AdminKey | undefined;
    for (const held of this.#keys) {
      if (timingSafeEqual(held.digest, digest)) found ??= held.key;
    }
    return found;
  }
}

function sentKey(request: Request): string | undefined {
  const ofQuery = new URL(request.url).searchParams.get("api_key");
  const ofHeader = request.headers.get("x-api-key");
  const cookies = isOfAnotherPage(request) ? "" : (request.headers.get("cookie") ?? "");
  const ofCookie = /(?:^|;)\s*x_api_key=([^;]*)/i.exec(cookies)?.[1];
  // An empty one is none: the Dashboard sends it before it has been told any.
  return [ofQuery, ofHeader, ofCookie].find((key) => key) ?? undefined;
}

/**
 * Browsers add cookies to whatever a page of another origin sends, without it knowing the key; so the
 * cookie of such a call says nothing. What is no browser sends neither header.
 */
function isOfAnotherPage({ headers }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  const origin = headers.get("origin");
  return origin !== null && origin.replace(/^https?:\/\//, "") !== headers.get("host");
}

/** Of one length, which comparing in constant time needs. */
function digestOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
