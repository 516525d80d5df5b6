import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import type { OpenidConnectConfiguration } from "./configuration.ts";
import type { RelyingParty } from "./relying-party.ts";
import type { Claims } from "./signed-token.ts";

/** Whether a token may do what is asked; what it says is its issuer's (reference 8.1). */
export function claimsRefusal(
  claims: Claims,
  configuration: OpenidConnectConfiguration,
): Exit | undefined {
  const { required_scopes: required } = configuration;
  const granted = scopesOf(claims);
  if (required && !required.every((scope) => granted.has(scope))) {
    return forbidden(`required scopes ${required.join(", ")} not present`);
  }
  return audienceRefusal(claims, configuration);
}

function audienceRefusal(
  claims: Claims,
  { claim_validator, client_id }: OpenidConnectConfiguration,
): Exit | undefined {
  const rule = claim_validator?.audience;
  if (!rule || !(rule.required || rule.match_with_client_id)) return undefined;
  const audience = claims[rule.claim];
  if (audience === undefined || audience === null || audience === false) {
    return forbidden("required audience claim not present");
  }
  const named = Array.isArray(audience) ? audience : [audience];
  const isMatched = !rule.match_with_client_id || named.includes(client_id);
  return isMatched ? undefined : forbidden("mismatched audience");
}

/** Undefined: `claim_schema` is content, or there is none. */
export function schemaFault(value: Claims, { schemaCheck }: RelyingParty): string | undefined {
  // The check fills in defaults, which nobody has claimed.
  return schemaCheck?.(structuredClone(value));
}

/** RFC 6750 3: 401 with what is wrong; without a word where there was no token. */
export function refuseToken(
  { answerHeaders }: Exchange,
  { realm }: OpenidConnectConfiguration,
  description?: string,
): Exit {
  const scheme = `Bearer realm="${quotable(realm)}"`;
  const error =
    description === undefined
      ? ""
      : `, error="invalid_token", error_description="${quotable(description)}"`;
  answerHeaders.set("www-authenticate", scheme + error);
  return { status: 401 };
}

/** What RFC 6750 3 allows in a description; others of quotes and controls would break out of it. */
function quotable(text: string): string {
  return text.replaceAll('"', "'").replaceAll(/[^\x20-\x7e]|\\/g, "?");
}

function forbidden(error: string): Exit {
  return { status: 403, body: JSON.stringify({ error }) };
}

/** A text with spaces (RFC 8693 4.2); some providers write a list. */
function scopesOf({ scope }: Claims): ReadonlySet<string> {
  if (Array.isArray(scope)) return new Set(scope.map(String));
  return new Set(typeof scope === "string" ? scope.split(/\s+/) : []);
}
