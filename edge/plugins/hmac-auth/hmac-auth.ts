import { byteString } from "../../../shared/routing/uri-bytes.ts";
import {
  type AuthenticationConfiguration,
  authenticate,
  type Proof,
  proven,
  unproven,
} from "../authentication.ts";
import { isRepeatedAuthorization, REPEATED } from "../authorization-header.ts";
import { decodeBase64, encodeBase64 } from "../base64.ts";
import type { Exchange } from "../exchange.ts";
import { exitWith } from "../exit.ts";
import { parseHttpDate } from "../http-date.ts";
import { definePlugin } from "../plugin.ts";
import { timingSafeEqual } from "../timing-safe-equal.ts";
import { HmacKeys } from "./hmac-keys.ts";
import { readSignatureHeader, SIGNATURE_SCHEME, type SignatureHeader } from "./signature-header.ts";
import { signingText } from "./signing-text.ts";

interface HmacAuthConfiguration extends AuthenticationConfiguration {
  readonly allowed_algorithms: readonly string[];
  /** Seconds between the client's `Date` and now, either way. */
  readonly clock_skew: number;
  readonly signed_headers: readonly string[];
  readonly validate_request_body: boolean;
  /** Bytes. */
  readonly max_req_body_size: number;
}

/** `hmac-auth`: parts of the request are signed with a secret that is never sent (reference 8.1). */
export const hmacAuth = definePlugin<HmacAuthConfiguration>((deps) => {
  const keys = new HmacKeys();
  return {
    build(configuration) {
      const prove = async (exchange: Exchange): Promise<Proof> => {
        const header = exchange.header("authorization");
        if (header === null) return unproven(`${INVALID}: missing Authorization header`);
        if (!header.startsWith(SIGNATURE_SCHEME)) return unproven(WRONG_SCHEME);
        if (isRepeatedAuthorization(exchange)) return REPEATED;
        const signed = readSignatureHeader(header);
        if (!signed) return unproven(INVALID);
        const identity = await exchange.consumers.identified("hmac-auth", signed.keyId);
        const secret = identity?.auth.secret_key;
        if (!identity || typeof secret !== "string") return unproven(INVALID);
        const isFit =
          configuration.allowed_algorithms.includes(signed.algorithm) &&
          isInTime(dateOf(exchange, signed), configuration.clock_skew, deps.now()) &&
          coversAll(signed, configuration.signed_headers) &&
          (await isSignedBy(exchange, signed, secret, keys));
        if (!isFit) return unproven(INVALID);
        return (await bodyProblem(exchange, configuration)) ?? proven(identity);
      };
      const hide = (exchange: Exchange) => exchange.headers.delete("authorization");
      return { rewrite: authenticate({ scheme: "hmac", configuration, prove, hide }) };
    },
  };
});

const INVALID = "client request can't be validated";
const WRONG_SCHEME = `${INVALID}: Authorization header does not start with 'Signature'`;

/** What browsers may send in place of a `Date`. */
const OTHER_DATE = "x-date";

/**
 * When the client says that it sent the request. `signed_headers` asks for `date`, so the other one counts
 * only where it is signed: anybody could write a new one into a copy.
 */
function dateOf(exchange: Exchange, { headers }: SignatureHeader): string {
  const date = exchange.header("date");
  if (date !== null) return date;
  const isSigned = headers.some((name) => name.toLowerCase() === OTHER_DATE);
  return (isSigned && exchange.header(OTHER_DATE)) || "";
}

/** Within the window in which a copy of the request would be taken for it. */
function isInTime(date: string, skewSeconds: number, now: number): boolean {
  const sentAt = parseHttpDate(date);
  if (sentAt === undefined) return false;
  return Math.abs(Math.floor(now / 1000) - sentAt / 1000) <= skewSeconds;
}

/** Whether the client has signed, or says that it has, all that it must. */
function coversAll({ headers }: SignatureHeader, required: readonly string[]): boolean {
  return required.every((name) => headers.includes(name));
}

async function isSignedBy(
  exchange: Exchange,
  signed: SignatureHeader,
  secret: string,
  keys: HmacKeys,
): Promise<boolean> {
  const { algorithm } = signed;
  const signature = decodeBase64(signed.signature);
  const signedText = signingText(exchange, signed);
  if (!signature || signedText === undefined) return false;
  // Paths may hold bytes that are no text.
  const bytes = byteString(signedText);
  const text = Uint8Array.from(bytes, (byte) => byte.charCodeAt(0));
  return keys.verify({ algorithm, secret, signature, text });
}

/** Undefined: the body is the one of which `Digest` tells, or nobody asks. */
async function bodyProblem(
  exchange: Exchange,
  { validate_request_body: isAsked, max_req_body_size: most }: HmacAuthConfiguration,
): Promise<Proof | undefined> {
  if (!isAsked) return undefined;
  const told = exchange.header("digest");
  if (told === null) return unproven(INVALID);
  const body = await exchange.readBody(most);
  if (body === "too long") return { is: "malformed", exit: tooLong(most) };
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(body));
  const isIt = timingSafeEqual(told, `SHA-256=${encodeBase64(new Uint8Array(digest))}`);
  return isIt ? undefined : unproven(INVALID);
}

function tooLong(most: number) {
  return exitWith(413, `the request's body is longer than the ${most} bytes that are allowed`);
}
