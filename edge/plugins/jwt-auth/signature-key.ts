import { decodeBase64 } from "../base64.ts";
import { subjectPublicKey } from "./public-key.ts";

/** Holds a signature against the key of one consumer. */
export interface SignatureKey {
  verify(signature: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** What a consumer or credential says of its key. */
export interface KeyConfiguration {
  readonly algorithm: string;
  readonly secret: unknown;
  readonly public_key: unknown;
  readonly base64_secret: boolean;
}

type ImportParameters = SubtleCryptoImportKeyAlgorithm;
type VerifyParameters = SubtleCryptoSignAlgorithm;

interface SignatureAlgorithm {
  readonly importing: ImportParameters;
  readonly verifying: VerifyParameters;
}

/** JWS algorithms (RFC 7518 3.1, RFC 8037 3.1) as Web Crypto names them. */
const ALGORITHMS: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  ...["256", "384", "512"].flatMap((bits) => [
    [`HS${bits}`, { ...same({ name: "HMAC", hash: `SHA-${bits}` }) }] as const,
    [`RS${bits}`, { ...same({ name: "RSASSA-PKCS1-v1_5", hash: `SHA-${bits}` }) }] as const,
    [`PS${bits}`, pss(bits)] as const,
    [`ES${bits}`, ecdsa(bits)] as const,
  ]),
  ["EdDSA", same({ name: "Ed25519" })] as const,
]);

function same(parameters: ImportParameters): SignatureAlgorithm {
  return { importing: parameters, verifying: parameters };
}

/** The salt is as long as the hash (RFC 7518 3.5). */
function pss(bits: string): SignatureAlgorithm {
  return {
    importing: { name: "RSA-PSS", hash: `SHA-${bits}` },
    verifying: { name: "RSA-PSS", saltLength: Number(bits) / 8 },
  };
}

/** The curve is the algorithm's own: a key on another one is none (RFC 7518 3.4). */
function ecdsa(bits: string): SignatureAlgorithm {
  return {
    importing: { name: "ECDSA", namedCurve: bits === "512" ? "P-521" : `P-${bits}` },
    verifying: { name: "ECDSA", hash: `SHA-${bits}` },
  };
}

/** Throws an `Error` where there is no such key. */
export async function importSignatureKey(configuration: KeyConfiguration): Promise<SignatureKey> {
  const algorithm = ALGORITHMS.get(configuration.algorithm);
  if (!algorithm) throw new Error(`${configuration.algorithm} is no algorithm of JWS`);
  const { importing, verifying } = algorithm;
  const isShared = configuration.algorithm.startsWith("HS");
  const bytes = isShared ? secretBytes(configuration) : publicBytes(configuration);
  const format = isShared ? "raw" : "spki";
  const key = await crypto.subtle.importKey(format, bytes, importing, false, ["verify"]);
  return {
    // For HMAC too Web Crypto compares in constant time. workerd throws for Ed25519 where the length is not
    // that of a signature.
    verify: (signature, signed) =>
      crypto.subtle.verify(verifying, key, signature, signed).catch(() => false),
  };
}

const UTF8 = new TextEncoder();

function secretBytes({ secret, base64_secret: isBase64 }: KeyConfiguration) {
  const text = typeof secret === "string" ? secret : "";
  const bytes = isBase64 ? decodeBase64(text) : UTF8.encode(text);
  if (!bytes || bytes.length === 0) throw new Error("the secret is missing or no base64");
  return bytes;
}

function publicBytes({ public_key: pem }: KeyConfiguration) {
  return subjectPublicKey(typeof pem === "string" ? pem : "");
}
