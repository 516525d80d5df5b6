import { callService, type ServiceAnswer } from "../service-call.ts";
import { tokenEndpointMethod } from "./client-proof.ts";
import type { ClientAuthentication } from "./configuration.ts";
import type { ProvenRequest } from "./dpop-proofs.ts";
import type { Asking } from "./kept-document.ts";
import { jsonObject } from "./provider.ts";
import { ProviderFailed } from "./provider-failed.ts";
import type { RelyingParty } from "./relying-party.ts";
import { ASYMMETRIC, type Claims, verifySigned } from "./signed-token.ts";

/** What the token endpoint answers (RFC 6749 5.1). */
export interface Tokens {
  readonly accessToken: string | undefined;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
  /** Seconds. */
  readonly expiresIn: number | undefined;
}

/** Throws a `ProviderFailed` or a `ServiceUnavailable`. */
export async function askForTokens(
  fields: Readonly<Record<string, string | undefined>>,
  party: RelyingParty,
  asking: Asking,
): Promise<Tokens> {
  const url = await party.provider.endpoint("token_endpoint", asking);
  const method = tokenEndpointMethod(party.configuration, await party.provider.metadata(asking));
  const send = (proof: Readonly<Record<string, string>>) =>
    postForm({ url, fields, method, headers: proof }, party, asking);
  const answer = await withProof({ method: "POST", url }, send, party);
  const told = jsonIn(answer, url);
  const { access_token, refresh_token, id_token, expires_in, token_type } = told;
  if (party.dpop && access_token && !/^dpop$/i.test(String(token_type))) {
    throw new ProviderFailed("its access token is not bound to our key (token_type is not DPoP)");
  }
  return {
    accessToken: textOf(access_token),
    refreshToken: textOf(refresh_token),
    idToken: textOf(id_token),
    expiresIn: Number.isFinite(Number(expires_in ?? Number.NaN)) ? Number(expires_in) : undefined,
  };
}

/** RFC 7662 2.1; throws as `askForTokens` does. */
export async function introspect(
  token: string,
  headers: Readonly<Record<string, string>>,
  party: RelyingParty,
  asking: Asking,
): Promise<Claims> {
  const { introspection_endpoint: own, introspection_endpoint_auth_method } = party.configuration;
  const url = own ?? (await party.provider.endpoint("introspection_endpoint", asking));
  // The configuration was refused if it were any other.
  const method = introspection_endpoint_auth_method as ClientAuthentication;
  return jsonIn(await postForm({ url, fields: { token }, method, headers }, party, asking), url);
}

/** RFC 7009 2.1; false where the provider did not. */
export async function revoke(
  token: string,
  hint: "access_token" | "refresh_token",
  party: RelyingParty,
  asking: Asking,
): Promise<boolean> {
  const metadata = await party.provider.metadata(asking);
  const url = metadata.endpoints.revocation_endpoint;
  if (url === undefined) return false;
  const method = tokenEndpointMethod(party.configuration, metadata);
  const fields = { token, token_type_hint: hint };
  return (await postForm({ url, fields, method, headers: {} }, party, asking)).status === 200;
}

/** OIDC Core 5.3; undefined: the provider has no such endpoint. Throws a `TokenRefused` too. */
export async function userinfo(
  accessToken: string,
  party: RelyingParty,
  asking: Asking,
): Promise<Claims | undefined> {
  const { deps, dpop, provider, configuration } = party;
  const url = (await provider.metadata(asking)).endpoints.userinfo_endpoint;
  if (url === undefined) return undefined;
  const { timeoutMs } = asking;
  const authorization = `${dpop ? "DPoP" : "Bearer"} ${accessToken}`;
  const send = (proof: Readonly<Record<string, string>>) =>
    callService({ url, method: "GET", headers: { authorization, ...proof }, timeoutMs }, deps);
  const answer = await withProof({ method: "GET", url, accessToken }, send, party);
  if (!/^application\/jwt\b/i.test(answer.headers.get("content-type") ?? "")) {
    return jsonIn(answer, url);
  }
  const keys = provider.keys(configuration.jwk_expires_in * 1000, asking);
  return verifySigned(new TextDecoder().decode(answer.body).trim(), ASYMMETRIC, keys);
}

interface Form {
  readonly url: string;
  readonly fields: Readonly<Record<string, string | undefined>>;
  readonly method: ClientAuthentication;
  readonly headers: Readonly<Record<string, string>>;
}

async function postForm(
  { url, fields, method, headers: more }: Form,
  { deps, proof }: RelyingParty,
  { timeoutMs }: Asking,
): Promise<ServiceAnswer> {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) form.set(name, value);
  }
  const headers = new Headers({ accept: "application/json", ...more });
  headers.set("content-type", "application/x-www-form-urlencoded");
  await proof.add(method, { url, fields: form, headers });
  return callService({ url, method: "POST", headers, body: form.toString(), timeoutMs }, deps);
}

/** With a proof where tokens are bound; a provider may want its nonce in it (RFC 9449 8). */
async function withProof(
  request: ProvenRequest,
  send: (proof: Readonly<Record<string, string>>) => Promise<ServiceAnswer>,
  { dpop }: RelyingParty,
): Promise<ServiceAnswer> {
  if (!dpop) return send({});
  const first = await send({ dpop: await dpop.proof(request) });
  const nonce = first.headers.get("dpop-nonce");
  if (nonce === null || (first.status !== 400 && first.status !== 401)) return first;
  return send({ dpop: await dpop.proof({ ...request, nonce }) });
}

function jsonIn({ status, body }: ServiceAnswer, url: string): Claims {
  if (status === 200) return jsonObject(body, url);
  throw new ProviderFailed(`${url} answers ${status}${errorIn(body)}`);
}

/** RFC 6749 5.2: its name, which may be logged; what else is there may be a secret. */
function errorIn(body: Uint8Array): string {
  const found = /"error"\s*:\s*"([\w.-]{1,60})"/.exec(new TextDecoder().decode(body));
  return found ? ` (${found[1]})` : "";
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
