import { importPKCS8, importSPKI, importX509 } from "jose/key/import";
import { ConfigurationRefused } from "../plugin.ts";
import { ASYMMETRIC } from "./signed-token.ts";

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----([\sA-Za-z0-9+/=]+)-----END \1-----/;

const INTEGER_ZERO = [0x02, 1, 0];
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const SEQUENCE = 0x30;
/** AlgorithmIdentifier of rsaEncryption (RFC 3279 2.3.1). */
const RSA = [0x30, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 1, 5, 0];
/** AlgorithmIdentifiers of id-ecPublicKey with its curve (RFC 5480 2.1.1), by the algorithm that asks for it. */
const EC: Readonly<Record<string, readonly number[]>> = {
  ES256: [0x30, 19, 6, 7, 42, 134, 72, 206, 61, 2, 1, 6, 8, 42, 134, 72, 206, 61, 3, 1, 7],
  ES384: [0x30, 16, 6, 7, 42, 134, 72, 206, 61, 2, 1, 6, 5, 43, 129, 4, 0, 34],
  ES512: [0x30, 16, 6, 7, 42, 134, 72, 206, 61, 2, 1, 6, 5, 43, 129, 4, 0, 35],
};

/**
 * A public key or certificate in PEM, by the algorithms that it can verify. Throws a
 * `ConfigurationRefused` for what is neither.
 */
export async function publicKeys(pem: string): Promise<ReadonlyMap<string, CryptoKey>> {
  const { label, bytes } = parsePem(pem, "public_key");
  const read = (alg: string) => {
    if (label === "CERTIFICATE") return importX509(written(label, bytes), alg);
    const info =
      label === "RSA PUBLIC KEY" ? value(SEQUENCE, [...RSA, ...bitString(bytes)]) : bytes;
    return importSPKI(written("PUBLIC KEY", info), alg);
  };
  const keys = new Map<string, CryptoKey>();
  for (const alg of ASYMMETRIC) {
    const key = await read(alg).catch(() => undefined);
    if (key) keys.set(alg, key);
  }
  if (keys.size === 0) throw new ConfigurationRefused("its public_key is no key that can be used");
  return keys;
}

/** A private key in PEM: PKCS #8, or as `openssl` wrote it before. Throws a `ConfigurationRefused`. */
export async function privateKey(pem: string, alg: string, field: string): Promise<CryptoKey> {
  const { label, bytes } = parsePem(pem, field);
  const algorithm = label === "RSA PRIVATE KEY" ? RSA : EC[alg];
  const isBare = label === "RSA PRIVATE KEY" || label === "EC PRIVATE KEY";
  const info =
    isBare && algorithm
      ? value(SEQUENCE, [...INTEGER_ZERO, ...algorithm, ...value(OCTET_STRING, bytes)])
      : bytes;
  try {
    return await importPKCS8(written("PRIVATE KEY", info), alg);
  } catch {
    throw new ConfigurationRefused(`its ${field} is no key that signs with ${alg}`);
  }
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

function bitString(bytes: readonly number[]): number[] {
  const unusedBits = 0;
  return value(BIT_STRING, [unusedBits, ...bytes]);
}

/** DER (X.690 8.1): type, length, contents. */
function value(type: number, contents: readonly number[]): number[] {
  const { length } = contents;
  if (length < 0x80) return [type, length, ...contents];
  const bytes = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [type, 0x80 | bytes.length, ...bytes, ...contents];
}
