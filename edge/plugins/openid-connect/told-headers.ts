import type { Exchange } from "../exchange.ts";
import { dropTold, toldNames } from "../told-headers.ts";
import type { OpenidConnectConfiguration } from "./configuration.ts";
import type { Claims } from "./signed-token.ts";

/** Headers that tell an upstream who is there: no client may write them. */
const TOLD = toldNames([
  ...["x-access-token", "x-refresh-token"],
  ...["x-id-token", "x-raw-id-token", "x-userinfo"],
]);

export function stripTold({ headers }: Exchange): void {
  dropTold(headers, TOLD);
}

export function tellAccessToken(
  token: string | undefined,
  { headers }: Exchange,
  configuration: OpenidConnectConfiguration,
): void {
  if (token === undefined || !configuration.set_access_token_header) return;
  if (configuration.access_token_in_authorization_header) {
    headers.set("authorization", `Bearer ${token}`);
  } else {
    headers.set("x-access-token", token);
  }
}

export function tellUpstream(
  told: {
    readonly idToken?: Claims;
    readonly userinfo?: Claims | undefined;
    readonly refreshToken?: string | undefined;
  },
  { headers }: Exchange,
  configuration: OpenidConnectConfiguration,
): void {
  const { idToken, userinfo, refreshToken } = told;
  if (idToken && configuration.set_id_token_header) headers.set("x-id-token", encoded(idToken));
  if (userinfo && configuration.set_userinfo_header) headers.set("x-userinfo", encoded(userinfo));
  if (refreshToken !== undefined && configuration.set_refresh_token_header) {
    headers.set("x-refresh-token", refreshToken);
  }
}

/** Base64 of the JSON's UTF-8. */
function encoded(claims: Claims): string {
  const bytes = new TextEncoder().encode(JSON.stringify(claims));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
