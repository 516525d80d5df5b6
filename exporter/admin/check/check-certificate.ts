import { createPrivateKey, X509Certificate } from "node:crypto";
import { isReference } from "../../../shared/json-schema/check-schema.ts";
import { luaText } from "../../../shared/json-schema/lua-value.ts";

/** A certificate, and its key where there is one, in the words of APISIX; a reference passes. */
export function certificateFault(cert: unknown, key?: unknown): string | undefined {
  if (isReference(cert) || isReference(key)) return undefined;
  if (!parses(() => new X509Certificate(luaText(cert)))) {
    return "failed to parse cert: PEM_read_bio_X509_AUX() failed";
  }
  if (key === undefined) return undefined;
  // What is no PEM was taken for a key that APISIX itself had encrypted.
  if (!luaText(key).startsWith("---")) return "failed to decrypt previous encrypted key";
  return parses(() => createPrivateKey(luaText(key)))
    ? undefined
    : "failed to parse key: PEM_read_bio_PrivateKey() failed";
}

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
