import { hexOf } from "../../shared/hex.ts";
import type { PluginDeps } from "./plugin.ts";

export type RequestIdAlgorithm = "uuid" | "nanoid" | "range_id" | "ksuid" | "uuidv7";

type RandomBytes = PluginDeps["randomBytes"];

/** Makes ids, each time another one. */
export function createRequestIds(
  algorithm: RequestIdAlgorithm,
  range: { readonly length: number; readonly char_set: string },
  { randomBytes, now }: Pick<PluginDeps, "randomBytes" | "now">,
): () => string {
  switch (algorithm) {
    case "uuid":
      return () => uuid(randomBytes(16), 4);
    case "uuidv7":
      return () => uuid(withTime(randomBytes(16), now()), 7);
    case "nanoid":
      return () => fromAlphabet(NANOID, 21, randomBytes);
    case "ksuid":
      return () => ksuid(randomBytes(16), now());
    case "range_id":
      return () => fromAlphabet(range.char_set, range.length, randomBytes);
  }
}

const NANOID = "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Seconds since 1970 at which ksuids begin to count. */
const KSUID_EPOCH = 1_400_000_000;
const KSUID_LENGTH = 27;

/** RFC 9562: the version in the seventh byte, the variant in the ninth. */
function uuid(bytes: Uint8Array, kind: 4 | 7): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (kind << 4);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return hexOf(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The first 48 bits are milliseconds since 1970. */
function withTime(bytes: Uint8Array, now: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(0, Math.floor(now / 0x1_0000));
  view.setUint16(4, now % 0x1_0000);
  return bytes;
}

/** Four bytes of seconds and sixteen random ones, as a number of base 62. */
function ksuid(random: Uint8Array, now: number): string {
  const time = Math.floor(now / 1000) - KSUID_EPOCH;
  let rest = BigInt(`0x${time.toString(16).padStart(8, "0")}${hexOf(random)}`);
  let text = "";
  for (; rest > 0n; rest /= 62n) text = `${BASE62[Number(rest % 62n)]}${text}`;
  return text.padStart(KSUID_LENGTH, "0");
}

/** Every character as likely as another: bytes that would favour the first ones are thrown away. */
function fromAlphabet(alphabet: string, length: number, randomBytes: RandomBytes): string {
  const limit = 256 - (256 % alphabet.length);
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < limit && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
