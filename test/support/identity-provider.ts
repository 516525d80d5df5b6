import {
  base64url,
  type CryptoKey,
  calculateJwkThumbprint,
  decodeProtectedHeader,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  jwtVerify,
  SignJWT,
} from "jose";

/**
 * An OpenID provider that is strict with its clients: codes and refresh tokens are good for one use, PKCE,
 * redirect URIs and client authentication are checked. It answers `fetch`, in workerd as in Node.
 */
export interface IdentityProvider {
  readonly issuer: string;
  readonly discovery: string;
  readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
  /** All that the gateway asked, in order: `GET /jwks`, … */
  readonly asked: AskedOfProvider[];
  /** May be changed at any time. */
  readonly behaviour: ProviderBehaviour;
  /** The user agrees: where the browser is sent from the authorization endpoint. */
  authorize(location: string): Promise<URL>;
  /** A token of the provider's, or with another header or key one that is not. */
  sign(claims?: JWTPayload, change?: TokenChange): Promise<string>;
  /** From now on another key signs, and only that is published. */
  rotate(): Promise<void>;
  /** The public key as PEM. */
  publicKey(): Promise<string>;
}

export interface AskedOfProvider {
  readonly what: string;
  readonly headers: Headers;
  readonly form: URLSearchParams;
}

export interface ProviderBehaviour {
  isDown: boolean;
  /** Seconds. */
  expiresIn: number;
  /** Over those of the discovery document; undefined takes one out. */
  metadata: Record<string, unknown>;
  /** Over those of id tokens. */
  idToken: JWTPayload;
  userinfo: Record<string, unknown>;
  introspection: Record<string, unknown>;
  /** The access token is filled up to that many characters. */
  accessTokenSize: number;
  /** With client_secret as key. */
  signsWithSecret: boolean;
  issuesRefreshTokens: boolean;
  /** DPoP proofs must hold it. */
  dpopNonce: string | undefined;
}

export interface TokenChange {
  readonly alg?: string;
  readonly kid?: string | undefined;
  readonly key?: CryptoKey | Uint8Array;
}

export interface IdentityProviderOptions {
  readonly issuer?: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly alg?: "ES256" | "RS256" | "EdDSA";
}

export const CLIENT = { id: "shop", secret: "s3cret: of a shop" };
export const SUBJECT = "user-1";

interface Grant {
  readonly parameters: URLSearchParams;
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export async function anIdentityProvider({
  issuer = "https://idp.test",
  now,
  alg = "ES256",
}: IdentityProviderOptions): Promise<IdentityProvider> {
  const provider = new Simulated(issuer, now, alg);
  await provider.rotate();
  return provider;
}

class Simulated implements IdentityProvider {
  readonly issuer: string;
  readonly discovery: string;
  readonly asked: AskedOfProvider[] = [];
  readonly behaviour: ProviderBehaviour = {
    isDown: false,
    expiresIn: 300,
    metadata: {},
    idToken: {},
    userinfo: { sub: SUBJECT, name: "Zoë" },
    introspection: { active: true, sub: SUBJECT, scope: "read write" },
    accessTokenSize: 0,
    signsWithSecret: false,
    issuesRefreshTokens: true,
    dpopNonce: undefined,
  };
  readonly #now: () => number;
  readonly #alg: string;
  readonly #codes = new Map<string, Grant>();
  readonly #refreshTokens = new Set<string>();
  #key: SigningKey | undefined;
  #count = 0;

  constructor(issuer: string, now: () => number, alg: string) {
    this.issuer = issuer;
    this.discovery = `${issuer}/.well-known/openid-configuration`;
    this.#now = now;
    this.#alg = alg;
  }

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const { pathname } = new URL(request.url);
    const form = new URLSearchParams(new TextDecoder().decode(await request.arrayBuffer()));
    this.asked.push({ what: `${request.method} ${pathname}`, headers: request.headers, form });
    if (this.behaviour.isDown) throw new TypeError("connection refused");
    switch (pathname) {
      case "/.well-known/openid-configuration":
        return Response.json(this.#metadata());
      case "/jwks":
        return Response.json({ keys: [await this.#publicJwk()] });
      case "/token":
        return this.#token(request, form);
      case "/userinfo":
        return Response.json(this.behaviour.userinfo);
      case "/introspect":
        return (await this.#clientError(request, form)) ?? this.#introspected();
      case "/revoke":
        return (await this.#clientError(request, form)) ?? new Response(null, { status: 200 });
      default:
        return new Response(null, { status: 404 });
    }
  };

  async authorize(location: string): Promise<URL> {
    const { origin, pathname, searchParams } = new URL(location);
    if (`${origin}${pathname}` !== `${this.issuer}/authorize`) throw new Error(location);
    if (searchParams.get("client_id") !== CLIENT.id) throw new Error("another client");
    this.#count += 1;
    const code = `code-${this.#count}`;
    this.#codes.set(code, { parameters: searchParams });
    const back = new URL(searchParams.get("redirect_uri") ?? "");
    back.searchParams.set("code", code);
    back.searchParams.set("state", searchParams.get("state") ?? "");
    return back;
  }

  async sign(claims: JWTPayload = {}, change: TokenChange = {}): Promise<string> {
    const key = this.#signingKey();
    const seconds = Math.floor(this.#now() / 1000);
    const usual = { iss: this.issuer, sub: SUBJECT, aud: CLIENT.id };
    const kid = "kid" in change ? change.kid : key.kid;
    return new SignJWT({ ...usual, iat: seconds, exp: seconds + 300, ...claims })
      .setProtectedHeader({ alg: change.alg ?? this.#alg, ...(kid === undefined ? {} : { kid }) })
      .sign(change.key ?? key.privateKey);
  }

  async rotate(): Promise<void> {
    const pair = await generateKeyPair(this.#alg, { extractable: true });
    this.#count += 1;
    this.#key = { kid: `key-${this.#count}`, ...pair };
  }

  publicKey(): Promise<string> {
    return exportSPKI(this.#signingKey().publicKey);
  }

  #signingKey(): SigningKey {
    if (!this.#key) throw new Error("there is no key yet");
    return this.#key;
  }

  async #publicJwk(): Promise<JWK> {
    const { publicKey, kid } = this.#signingKey();
    return { ...(await exportJWK(publicKey)), kid, use: "sig", alg: this.#alg };
  }

  #metadata(): Record<string, unknown> {
    const at = (path: string) => `${this.issuer}${path}`;
    return {
      issuer: this.issuer,
      authorization_endpoint: at("/authorize"),
      token_endpoint: at("/token"),
      userinfo_endpoint: at("/userinfo"),
      jwks_uri: at("/jwks"),
      introspection_endpoint: at("/introspect"),
      revocation_endpoint: at("/revoke"),
      end_session_endpoint: at("/end-session"),
      id_token_signing_alg_values_supported: [this.#alg],
      ...this.behaviour.metadata,
    };
  }

  #introspected(): Response {
    const exp = Math.floor(this.#now() / 1000) + 60;
    return Response.json({ exp, ...this.behaviour.introspection });
  }

  async #token(request: Request, form: URLSearchParams): Promise<Response> {
    const unproven = (await this.#clientError(request, form)) ?? this.#dpopError(request);
    if (unproven) return unproven;
    const grant = form.get("grant_type");
    if (grant === "authorization_code") {
      const code = form.get("code") ?? "";
      const known = this.#codes.get(code);
      this.#codes.delete(code);
      if (!known || !(await isRedeemable(known, form))) return oauthError("invalid_grant");
      return this.#issue(request, known.parameters.get("nonce"));
    }
    if (grant !== "refresh_token") return oauthError("unsupported_grant_type");
    if (!this.#refreshTokens.delete(form.get("refresh_token") ?? "")) {
      return oauthError("invalid_grant");
    }
    return this.#issue(request, null);
  }

  async #issue(request: Request, nonce: string | null): Promise<Response> {
    this.#count += 1;
    const { expiresIn, accessTokenSize, idToken, signsWithSecret } = this.behaviour;
    const refreshToken = `refresh-${this.#count}`;
    this.#refreshTokens.add(refreshToken);
    const accessToken = `access-${this.#count}`.padEnd(accessTokenSize, "x");
    const at_hash = await leftHalf(accessToken);
    const claims = { ...(nonce === null ? {} : { nonce }), at_hash, ...idToken };
    const bySecret = { alg: "HS256", kid: undefined, key: new TextEncoder().encode(CLIENT.secret) };
    return Response.json({
      access_token: accessToken,
      token_type: request.headers.has("dpop") ? "DPoP" : "Bearer",
      expires_in: expiresIn,
      ...(this.behaviour.issuesRefreshTokens ? { refresh_token: refreshToken } : {}),
      id_token: await this.sign(claims, signsWithSecret ? bySecret : {}),
    });
  }

  /** Undefined: the client has proved itself, or is a public one. */
  async #clientError(request: Request, form: URLSearchParams): Promise<Response | undefined> {
    const basic = /^Basic (.*)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    const [id, secret] = basic === undefined ? [] : atob(basic).split(":").map(decodeURIComponent);
    const isProven =
      (id === CLIENT.id && secret === CLIENT.secret) ||
      (form.get("client_id") === CLIENT.id &&
        ((form.get("client_secret") ?? CLIENT.secret) === CLIENT.secret ||
          form.has("client_assertion")));
    if (!isProven) return oauthError("invalid_client", 401);
    const assertion = form.get("client_assertion");
    if (assertion === null || decodeProtectedHeader(assertion).alg !== "HS256") return undefined;
    const key = new TextEncoder().encode(CLIENT.secret);
    await jwtVerify(assertion, key, { audience: request.url, currentDate: new Date(this.#now()) });
    return undefined;
  }

  #dpopError(request: Request): Response | undefined {
    const { dpopNonce: nonce } = this.behaviour;
    const proof = request.headers.get("dpop");
    if (proof === null || nonce === undefined) return undefined;
    const claims = JSON.parse(
      new TextDecoder().decode(base64url.decode(proof.split(".")[1] ?? "")),
    );
    if (claims.nonce === nonce) return undefined;
    return oauthError("use_dpop_nonce", 400, { "dpop-nonce": nonce });
  }
}

async function isRedeemable({ parameters }: Grant, form: URLSearchParams): Promise<boolean> {
  if (parameters.get("redirect_uri") !== form.get("redirect_uri")) return false;
  const challenge = parameters.get("code_challenge");
  const verifier = form.get("code_verifier");
  if (challenge === null) return verifier === null;
  return verifier !== null && challenge === base64url.encode(await sha256(verifier));
}

async function leftHalf(text: string): Promise<string> {
  return base64url.encode((await sha256(text)).subarray(0, 16));
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

function oauthError(error: string, status = 400, headers: Record<string, string> = {}): Response {
  return Response.json(
    { error, error_description: "a secret of the provider" },
    { status, headers },
  );
}

/** The thumbprint of the key in a DPoP proof whose signature holds. */
export async function provenKey(proof: string): Promise<string> {
  const { protectedHeader } = await jwtVerify(proof, async (header) => header.jwk as JWK, {
    currentDate: new Date(0),
  });
  return calculateJwkThumbprint(protectedHeader.jwk as JWK);
}
