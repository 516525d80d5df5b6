import { isHttpUrl } from "../http-url.ts";
import { ConfigurationRefused } from "../plugin.ts";
import { ASYMMETRIC } from "./signed-token.ts";

/** How a client proves itself to its provider (OIDC Core 9). */
export type ClientAuthentication = (typeof CLIENT_AUTHENTICATIONS)[number];

export const CLIENT_AUTHENTICATIONS = [
  "client_secret_basic",
  "client_secret_post",
  "private_key_jwt",
  "client_secret_jwt",
] as const;

export interface DpopConfiguration {
  readonly enabled: boolean;
  readonly signing_alg: "ES256" | "RS256" | "PS256";
  readonly private_key?: string;
  readonly public_jwk?: Readonly<Record<string, unknown>>;
}

/** `shared/plugins/schemas/openid-connect.ts`. Times are seconds. */
export interface OpenidConnectConfiguration {
  readonly client_id: string;
  readonly client_secret?: string;
  readonly client_rsa_private_key?: string;
  readonly client_rsa_private_key_id?: string;
  readonly client_jwt_assertion_alg?: string;
  readonly client_jwt_assertion_audience?: string;
  readonly client_jwt_assertion_expires_in: number;
  readonly token_endpoint_auth_method: ClientAuthentication;
  readonly discovery: string;
  readonly dpop?: DpopConfiguration;
  readonly scope: string;
  readonly timeout: number;
  readonly bearer_only: boolean;
  readonly session?: {
    readonly secret: string;
    readonly cookie?: { readonly lifetime?: number };
  };
  readonly realm: string;
  readonly claim_validator?: {
    readonly issuer?: { readonly valid_issuers?: readonly string[] };
    readonly audience?: {
      readonly claim: string;
      readonly required: boolean;
      readonly match_with_client_id: boolean;
    };
  };
  readonly claim_schema?: object;
  readonly logout_path: string;
  readonly post_logout_redirect_uri?: string;
  readonly redirect_uri?: string;
  readonly unauth_action: "auth" | "deny" | "pass";
  readonly authorization_params?: Readonly<Record<string, unknown>>;
  readonly required_scopes?: readonly string[];
  readonly proxy_opts?: { readonly http_proxy?: string; readonly https_proxy?: string };
  readonly force_reauthorize: boolean;
  readonly use_nonce: boolean;
  readonly use_pkce: boolean;
  readonly revoke_tokens_on_logout: boolean;
  readonly iat_slack: number;
  readonly public_key?: string;
  readonly token_signing_alg_values_expected?: string;
  readonly use_jwks: boolean;
  readonly accept_none_alg: boolean;
  readonly jwk_expires_in: number;
  readonly cache_segment?: string;
  readonly introspection_endpoint?: string;
  readonly introspection_endpoint_auth_method: string;
  readonly introspection_interval: number;
  readonly introspection_expiry_claim: string;
  readonly introspection_addon_headers?: readonly string[];
  readonly access_token_expires_in?: number;
  readonly access_token_expires_leeway: number;
  readonly renew_access_token_on_expiry: boolean;
  readonly refresh_session_interval?: number;
  readonly access_token_in_authorization_header: boolean;
  readonly set_access_token_header: boolean;
  readonly set_id_token_header: boolean;
  readonly set_userinfo_header: boolean;
  readonly set_refresh_token_header: boolean;
}

const SHORTEST_SECRET = 16;

/** Throws a `ConfigurationRefused` for what APISIX refuses too, and for what is not done at the edge. */
export function refuseUnservable(configuration: OpenidConnectConfiguration): void {
  const reason = unservable(configuration);
  if (reason) throw new ConfigurationRefused(reason);
}

function unservable(configuration: OpenidConnectConfiguration): string | undefined {
  const { discovery, introspection_endpoint, proxy_opts = {}, dpop } = configuration;
  if (!isHttpUrl(discovery)) return "its discovery is no http(s) URL";
  if (introspection_endpoint !== undefined && !isHttpUrl(introspection_endpoint)) {
    return "its introspection_endpoint is no http(s) URL";
  }
  if (configuration.accept_none_alg) {
    return "accept_none_alg would let anybody in who can write a token; unsigned tokens are never accepted";
  }
  if (proxy_opts.http_proxy || proxy_opts.https_proxy) {
    return "a Worker cannot reach its identity provider by a proxy (proxy_opts)";
  }
  if (dpop?.enabled && !(dpop.private_key && dpop.public_jwk)) {
    return "dpop needs private_key and public_jwk";
  }
  return unservableBearer(configuration) ?? unservableSession(configuration);
}

function unservableBearer(configuration: OpenidConnectConfiguration): string | undefined {
  const { token_signing_alg_values_expected: alg, use_jwks, public_key } = configuration;
  if (alg !== undefined && (use_jwks || public_key !== undefined) && !ASYMMETRIC.includes(alg)) {
    return `bearer tokens are verified by public keys, with which ${alg} has nothing to do`;
  }
  const { introspection_endpoint_auth_method: method } = configuration;
  if (CLIENT_AUTHENTICATIONS.some((known) => known === method)) return undefined;
  return `introspection_endpoint_auth_method ${method} is none of ${CLIENT_AUTHENTICATIONS.join(", ")}`;
}

function unservableSession({
  bearer_only,
  session,
}: OpenidConnectConfiguration): string | undefined {
  if (bearer_only) return undefined;
  if (!session) return 'property "session.secret" is required when "bearer_only" is false';
  // A reference to a secret is not held against the schema.
  if (session.secret.length < SHORTEST_SECRET) {
    return `session.secret has less than ${SHORTEST_SECRET} characters`;
  }
  const lifetime = session.cookie?.lifetime;
  return lifetime !== undefined && lifetime <= 0
    ? "session.cookie.lifetime is not positive"
    : undefined;
}
