export const SEQUENCE = 0x30;
export const OCTET_STRING = 0x04;
const BIT_STRING = 0x03;

/** AlgorithmIdentifier of rsaEncryption with its NULL (RFC 3279 2.3.1). */
export const RSA_ENCRYPTION: readonly number[] = [
  48, 13, 6, 9, 42, 134, 72, 134, 247, 13, 1, 1, 1, 5, 0,
];

/** The SubjectPublicKeyInfo (RFC 5280 4.1) of an RSA key that lies in DER by itself (PKCS #1). */
export function rsaKeyInfo(key: Iterable<number>): number[] {
  const unusedBits = 0;
  const bits = derValue(BIT_STRING, [unusedBits, ...key]);
  return derValue(SEQUENCE, [...RSA_ENCRYPTION, ...bits]);
}

/** DER (X.690 8.1): type, length, contents. */
export function derValue(type: number, contents: readonly number[]): number[] {
  const { length } = contents;
  if (length < 0x80) return [type, length, ...contents];
  const bytes = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [type, 0x80 | bytes.length, ...bytes, ...contents];
}
