/** What an `Authorization: Signature …` header says. */
export interface SignatureHeader {
  readonly keyId: string;
  readonly algorithm: string;
  /** Base64. */
  readonly signature: string;
  /** Names of what was signed, in order, as the client wrote them. */
  readonly headers: readonly string[];
}

export const SIGNATURE_SCHEME = "Signature";

/** Begins where a word does: else a long word without an end would be tried from each of its letters. */
const FIELD = /(?<!\w)(\w+)="([^"]*)"/;

const FIELDS = ["keyId", "algorithm", "headers", "signature"] as const;

/** Undefined where a field is missing. Names have one case only, as in APISIX. */
export function readSignatureHeader(header: string): SignatureHeader | undefined {
  const found = new Map<string, string>();
  for (const part of header.slice(SIGNATURE_SCHEME.length).split(",")) {
    const [, name = "", value = ""] = FIELD.exec(part) ?? [];
    found.set(name, value);
  }
  const [keyId, algorithm, headers = "", signature] = FIELDS.map((name) => found.get(name));
  if (!keyId || !algorithm || !signature) return undefined;
  return { keyId, algorithm, signature, headers: headers.split(" ") };
}
