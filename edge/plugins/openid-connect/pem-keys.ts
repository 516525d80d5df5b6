import { importPKCS8, importSPKI, importX509 } from "jose/key/import";
import { derValue, OCTET_STRING, RSA_ENCRYPTION, rsaKeyInfo, SEQUENCE } from "../der.ts";
import { ConfigurationRefused } from "../plugin.ts";
import { ASYMMETRIC } from "./signed-token.ts";

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----([\sA-Za-z0-9+/=]+)-----END \1-----/;

const INTEGER_ZERO = [0x02, 1, 0];
/** AlgorithmIdentifiers of id-ecPublicKey with its curve (RFC 5480 2.1.1), by the algorithm that asks for it. */
const EC: Readonly<Record<string, readonly number[]>> = {
  ES256: [0x30, 19, 6, 7, 42, 134, 72, 206, 61, 2, 1, 6, 8, 42, 134, 72, 206, 61, 3, 1, 7],
  ES384: [0x30, 16, 6, 7, 42, 134, 72, 206, 61, 2, 1, 6, 5, 43, 129, 4, 0, 34],
  ES512: [0x30, 16, 6, 7, 42, 134, 72, 206, 61, 2, 1, 6, 5, 43, 129, 4, 0, 35],
};

/** AlgorithmIdentifier of id-Ed25519 (RFC 8410 3). */
const ED25519 = [0x30, 5, 6, 3, 43, 101, 112];

/**
 * A public key or certificate in PEM, by the algorithms that it can verify. Throws a
 * `ConfigurationRefused` for what is neither.
 */
export async function publicKeys(pem: string): Promise<ReadonlyMap<string, CryptoKey>> {
  const { label, bytes } = parsePem(pem, "public_key");
  const read = (alg: string) => {
    if (label === "CERTIFICATE") return importX509(written(label, bytes), alg);
    const info = label === "RSA PUBLIC KEY" ? rsaKeyInfo(bytes) : bytes;
    return importSPKI(written("PUBLIC KEY", info), alg);
  };
  const keys = new Map<string, CryptoKey>();
  for (const alg of ASYMMETRIC) {
    // workerd imports keys of other kinds for these two as well.
    if (alg.startsWith("Ed") && !holds(bytes, ED25519)) continue;
    const key = await read(alg).catch(() => undefined);
    if (key) keys.set(alg, key);
  }
  if (keys.size === 0) throw new ConfigurationRefused("its public_key is no key that can be used");
  return keys;
}

/** A private key in PEM: PKCS #8, or as `openssl` wrote it before. Throws a `ConfigurationRefused`. */
export async function privateKey(pem: string, alg: string, field: string): Promise<CryptoKey> {
  const { label, bytes } = parsePem(pem, field);
  const algorithm = label === "RSA PRIVATE KEY" ? RSA_ENCRYPTION : EC[alg];
  const isBare = label === "RSA PRIVATE KEY" || label === "EC PRIVATE KEY";
  const info =
    isBare && algorithm
      ? derValue(SEQUENCE, [...INTEGER_ZERO, ...algorithm, ...derValue(OCTET_STRING, bytes)])
      : bytes;
  try {
    return await importPKCS8(written("PRIVATE KEY", info), alg);
  } catch {
    throw new ConfigurationRefused(`its ${field} is no key that signs with ${alg}`);
  }
}

function holds(bytes: readonly number[], part: readonly number[]): boolean {
  return bytes.some((_, at) => part.every((byte, i) => bytes[at + i] === byte));
}

function parsePem(pem: string, field: string) {
  const [, label, text] = PEM.exec(pem) ?? [];
  if (label === undefined || text === undefined) {
    throw new ConfigurationRefused(`its ${field} is no PEM`);
  }
  try {
    const digits = atob(text.replaceAll(/\s/g, ""));
    return { label, bytes: Array.from(digits, (byte) => byte.charCodeAt(0)) };
  } catch {
    throw new ConfigurationRefused(`its ${field} is no PEM`);
  }
}

function written(label: string, bytes: readonly number[]): string {
  const text = btoa(bytes.map((byte) => String.fromCharCode(byte)).join(""));
  return `-----BEGIN ${label}-----\n${text}\n-----END ${label}-----`;
}
