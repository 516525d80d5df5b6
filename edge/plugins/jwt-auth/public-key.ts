import { decodeBase64 } from "../base64.ts";

/**
 * The SubjectPublicKeyInfo (RFC 5280 4.1) of a key in PEM: `PUBLIC KEY` holds one, `RSA PUBLIC KEY` what
 * is to be put into one. Throws an `Error` for anything else.
 */
export function subjectPublicKey(pem: string): Uint8Array<ArrayBuffer> {
  const [, label = "", text = ""] = PEM.exec(pem) ?? [];
  const der = decodeBase64(text.replaceAll(/\s/g, ""));
  if (!der || der.length === 0) throw new Error("the public key is no PEM of a public key");
  return label === "RSA PUBLIC KEY" ? rsaKeyInfo(der) : der;
}

const PEM = /-----BEGIN ((?:RSA )?PUBLIC KEY)-----([A-Za-z0-9+/=\s]*)-----END \1-----/;

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
/** AlgorithmIdentifier of rsaEncryption with its NULL (RFC 3279 2.3.1). */
const RSA_ENCRYPTION = [48, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 1, 5, 0];

function rsaKeyInfo(key: Uint8Array): Uint8Array<ArrayBuffer> {
  const unusedBits = 0;
  const bits = derValue(BIT_STRING, [unusedBits, ...key]);
  return Uint8Array.from(derValue(SEQUENCE, [...RSA_ENCRYPTION, ...bits]));
}

/** DER (X.690 8.1): type, length, contents. */
function derValue(type: number, contents: readonly number[]): number[] {
  const { length } = contents;
  if (length < 0x80) return [type, length, ...contents];
  const bytes = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [type, 0x80 | bytes.length, ...bytes, ...contents];
}
