import { SignJWT } from "jose/jwt/sign";
import { hexOf } from "../../../shared/hex.ts";
import type { PluginDeps } from "../plugin.ts";
import {
  CLIENT_AUTHENTICATIONS,
  type ClientAuthentication,
  type OpenidConnectConfiguration,
} from "./configuration.ts";
import { privateKey } from "./pem-keys.ts";
import type { ProviderMetadata } from "./provider.ts";

/** A form on its way to one of a provider's endpoints. */
export interface ClientForm {
  readonly url: string;
  readonly fields: URLSearchParams;
  readonly headers: Headers;
}

/** Puts what proves who the client is into a form. */
export interface ClientProof {
  add(method: ClientAuthentication, form: ClientForm): Promise<void>;
}

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const UTF8 = new TextEncoder();

/** Throws a `ConfigurationRefused` where the client's private key is none. */
export async function createClientProof(
  configuration: OpenidConnectConfiguration,
  deps: Pick<PluginDeps, "now" | "randomBytes">,
): Promise<ClientProof> {
  const { client_id: id, client_secret: secret } = configuration;
  const sign = await assertionSigner(configuration, deps);
  return {
    async add(method, { url, fields, headers }) {
      if (method === "private_key_jwt" || method === "client_secret_jwt") {
        fields.set("client_id", id);
        fields.set("client_assertion_type", ASSERTION_TYPE);
        fields.set("client_assertion", await sign(method, url));
      } else if (method === "client_secret_basic" && secret !== undefined) {
        headers.set("authorization", `Basic ${btoa(`${escaped(id)}:${escaped(secret)}`)}`);
      } else {
        // Also a public client, which has nothing to prove (RFC 6749 3.2.1).
        fields.set("client_id", id);
        if (secret !== undefined) fields.set("client_secret", secret);
      }
    },
  };
}

/** The method for the token endpoint: the configured one, or the first one that both sides know. */
export function tokenEndpointMethod(
  configuration: OpenidConnectConfiguration,
  { lists }: ProviderMetadata,
): ClientAuthentication {
  const wanted = configuration.token_endpoint_auth_method;
  const supported = lists.token_endpoint_auth_methods_supported;
  const usable = CLIENT_AUTHENTICATIONS.filter((method) => canUse(method, configuration));
  if (usable.includes(wanted) && (supported?.includes(wanted) ?? true)) return wanted;
  const first = supported?.find((method) => usable.some((known) => known === method));
  return usable.find((method) => method === first) ?? "client_secret_basic";
}

function canUse(
  method: ClientAuthentication,
  { client_secret, client_rsa_private_key }: OpenidConnectConfiguration,
): boolean {
  if (method === "private_key_jwt") return client_rsa_private_key !== undefined;
  return method !== "client_secret_jwt" || client_secret !== undefined;
}

/** RFC 7523 3. */
async function assertionSigner(
  configuration: OpenidConnectConfiguration,
  { now, randomBytes }: Pick<PluginDeps, "now" | "randomBytes">,
) {
  const { client_id: id, client_rsa_private_key: pem, client_secret = "" } = configuration;
  const { client_jwt_assertion_alg: chosen } = configuration;
  const isSymmetric = chosen?.startsWith("HS") ?? false;
  const keyAlg = chosen === undefined || isSymmetric ? "RS256" : chosen;
  const secretAlg = chosen !== undefined && isSymmetric ? chosen : "HS256";
  const key =
    pem === undefined ? undefined : await privateKey(pem, keyAlg, "client_rsa_private_key");
  return (method: "private_key_jwt" | "client_secret_jwt", url: string): Promise<string> => {
    const isKey = method === "private_key_jwt" && key !== undefined;
    const kid = isKey ? configuration.client_rsa_private_key_id : undefined;
    const iat = Math.floor(now() / 1000);
    const claims = {
      iss: id,
      sub: id,
      aud: configuration.client_jwt_assertion_audience ?? url,
      jti: hexOf(randomBytes(16)),
      exp: iat + configuration.client_jwt_assertion_expires_in,
      iat,
    };
    return new SignJWT(claims)
      .setProtectedHeader({
        typ: "JWT",
        alg: isKey ? keyAlg : secretAlg,
        ...(kid === undefined ? {} : { kid }),
      })
      .sign(isKey ? key : UTF8.encode(client_secret));
  };
}

/** As a form writes it, with `%20` for a space (RFC 6749 2.3.1), in ASCII. */
function escaped(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
