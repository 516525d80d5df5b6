import { JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from "jose/errors";
import { createLocalJWKSet } from "jose/jwks/local";
import { isHttpUrl } from "../http-url.ts";
import type { PluginDeps } from "../plugin.ts";
import { callService } from "../service-call.ts";
import { type Ages, type Asking, KeptDocument } from "./kept-document.ts";
import { ProviderFailed } from "./provider-failed.ts";
import type { Claims, TokenHeader, VerificationKey, VerificationKeys } from "./signed-token.ts";

/** Of OpenID Connect Discovery 3 and RFC 8414 2, what a client needs. URLs are http(s) ones. */
export interface ProviderMetadata {
  readonly issuer: string | undefined;
  readonly endpoints: Readonly<Partial<Record<EndpointName, string>>>;
  /** Undefined where the document does not say. */
  readonly lists: Readonly<Partial<Record<ListName, readonly string[]>>>;
  /** RFC 9207: an authorization response without `iss` is not this provider's. */
  readonly namesIssuer: boolean;
}

const ENDPOINTS = [
  "authorization_endpoint",
  "token_endpoint",
  "userinfo_endpoint",
  "jwks_uri",
  "introspection_endpoint",
  "revocation_endpoint",
  "end_session_endpoint",
] as const;
const LISTS = [
  "id_token_signing_alg_values_supported",
  "token_endpoint_auth_methods_supported",
  "code_challenge_methods_supported",
] as const;

export type EndpointName = (typeof ENDPOINTS)[number];
type ListName = (typeof LISTS)[number];
type KeySet = ReturnType<typeof createLocalJWKSet>;

const HOUR_MS = 3_600_000;
/** APISIX keeps it for a day, without looking. */
const METADATA_AGES: Ages = { freshMs: HOUR_MS, usableMs: 24 * HOUR_MS };

/** An identity provider as an isolate knows it, by the URL of its discovery document. */
export class Provider {
  readonly #deps: Pick<PluginDeps, "fetch" | "timers" | "now">;
  readonly #metadata: KeptDocument<ProviderMetadata>;
  /** By its URL; there is another one only where the provider has moved it. */
  #keySet: { readonly url: string; readonly document: KeptDocument<KeySet> } | undefined;

  constructor(discovery: string, deps: Pick<PluginDeps, "fetch" | "timers" | "now">) {
    this.#deps = deps;
    const read = async (asking: Asking) => metadataIn(await this.#readJson(discovery, asking));
    this.#metadata = new KeptDocument({ read, timers: deps.timers, now: deps.now });
  }

  /** Throws a `ProviderFailed` or a `ServiceUnavailable`. */
  metadata(asking: Asking): Promise<ProviderMetadata> {
    return this.#metadata.get(METADATA_AGES, asking);
  }

  /** Throws as `metadata` does, and where the provider has no such endpoint. */
  async endpoint(name: EndpointName, asking: Asking): Promise<string> {
    const url = (await this.metadata(asking)).endpoints[name];
    if (url === undefined) throw new ProviderFailed(`its discovery document has no ${name}`);
    return url;
  }

  /** Its key set, not older than `lifetimeMs`. Asking for keys throws as `endpoint` does. */
  keys(lifetimeMs: number, asking: Asking): VerificationKeys {
    const ages = { freshMs: lifetimeMs, usableMs: lifetimeMs };
    let seen: KeySet | undefined;
    return {
      matching: async (header) => {
        seen = await (await this.#keys(asking)).get(ages, asking);
        return matchingKeys(seen, header);
      },
      newer: async (header) => {
        const newer = seen && (await (await this.#keys(asking)).newer(seen, asking));
        return newer ? matchingKeys(newer, header) : [];
      },
    };
  }

  async #keys(asking: Asking): Promise<KeptDocument<KeySet>> {
    const url = await this.endpoint("jwks_uri", asking);
    if (this.#keySet?.url !== url) {
      const read = async (its: Asking) => keySetIn(await this.#readJson(url, its));
      const { timers, now } = this.#deps;
      this.#keySet = { url, document: new KeptDocument({ read, timers, now }) };
    }
    return this.#keySet.document;
  }

  async #readJson(url: string, { timeoutMs }: Asking): Promise<Claims> {
    const headers = { accept: "application/json" };
    const { status, body } = await callService(
      { url, method: "GET", headers, timeoutMs },
      this.#deps,
    );
    if (status !== 200) throw new ProviderFailed(`${url} answers ${status}`);
    return jsonObject(body, url);
  }
}

/** Throws a `ProviderFailed` for any other JSON, or none. */
export function jsonObject(body: Uint8Array, from: string): Claims {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch (cause) {
    throw new ProviderFailed(`${from} answers with what is no JSON`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Claims;
  throw new ProviderFailed(`${from} answers with JSON that is no object`);
}

function metadataIn(document: Claims): ProviderMetadata {
  const { issuer, authorization_response_iss_parameter_supported: namesIssuer } = document;
  const endpoints = ENDPOINTS.flatMap((name) => {
    const url = document[name];
    return isHttpUrl(url) ? [[name, url] as const] : [];
  });
  const lists = LISTS.flatMap((name) => {
    const list = document[name];
    return Array.isArray(list) ? [[name, list.map(String)] as const] : [];
  });
  return {
    issuer: typeof issuer === "string" ? issuer : undefined,
    endpoints: Object.fromEntries(endpoints),
    lists: Object.fromEntries(lists),
    namesIssuer: namesIssuer === true,
  };
}

function keySetIn({ keys }: Claims): KeySet {
  if (!Array.isArray(keys)) throw new ProviderFailed("its key set has no keys");
  // One that is none must not make the others useless.
  const objects = keys.filter((key) => typeof key === "object" && key !== null);
  return createLocalJWKSet({ keys: objects });
}

async function matchingKeys(
  keySet: KeySet,
  { alg, kid }: TokenHeader,
): Promise<readonly VerificationKey[]> {
  try {
    return [await keySet(kid === undefined ? { alg } : { alg, kid })];
  } catch (error) {
    if (error instanceof JWKSNoMatchingKey) return [];
    if (!(error instanceof JWKSMultipleMatchingKeys)) throw error;
    const keys: VerificationKey[] = [];
    for await (const key of error) keys.push(key);
    return keys;
  }
}
