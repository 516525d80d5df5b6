import { sha256Hex } from "../../../shared/snapshot/digest.ts";
import { BoundedMap } from "../../bounded-map.ts";
import type { Exchange } from "../exchange.ts";
import type { Asking } from "./kept-document.ts";
import { introspect } from "./provider-calls.ts";
import { type RelyingParty, secondsNow } from "./relying-party.ts";
import { type Claims, TokenRefused } from "./signed-token.ts";

interface Introspection {
  readonly claims: Claims;
  /** Seconds since 1970. */
  readonly until: number;
}

const MOST = 2_000;

/**
 * What providers said of tokens, in this isolate: by their digests. Who is refused is asked about again:
 * anybody could fill it with those.
 */
export class Introspections {
  readonly #kept = new BoundedMap<string, Introspection>(MOST);

  /** Throws a `TokenRefused`, or as asking the provider does. */
  async claimsOf(
    token: string,
    exchange: Exchange,
    party: RelyingParty,
    asking: Asking,
  ): Promise<Claims> {
    const headers = addedHeaders(exchange, party);
    const key = await keyOf(token, headers, party);
    const kept = this.#kept.get(key);
    if (kept && secondsNow(party) < kept.until) return kept.claims;
    const claims = await introspect(token, headers, party, asking);
    if (claims.active !== true) throw new TokenRefused("invalid token");
    const rest = keptFor(claims, party);
    if (rest > 0) this.#kept.set(key, { claims, until: secondsNow(party) + rest });
    return claims;
  }
}

/** Seconds: as long as the token holds, but no longer than is configured. */
function keptFor(claims: Claims, party: RelyingParty): number {
  const { introspection_expiry_claim: name, introspection_interval: interval } =
    party.configuration;
  const told = claims[name];
  if (typeof told !== "number") return 0;
  const rest = name === "exp" ? told - secondsNow(party) : told;
  return interval > 0 ? Math.min(rest, interval) : rest;
}

function addedHeaders(
  exchange: Exchange,
  { configuration }: RelyingParty,
): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const name of configuration.introspection_addon_headers ?? []) {
    const value = exchange.header(name);
    if (value !== null) headers[name] = value;
  }
  return headers;
}

/** What one provider tells one client of a token it need not tell another. */
function keyOf(
  token: string,
  headers: Readonly<Record<string, string>>,
  { configuration }: RelyingParty,
): Promise<string> {
  const { cache_segment, introspection_endpoint, discovery, client_id } = configuration;
  const of = [cache_segment, introspection_endpoint, discovery, client_id, headers, token];
  return sha256Hex(new TextEncoder().encode(JSON.stringify(of)));
}
