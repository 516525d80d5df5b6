import { decodeBase64 } from "../base64.ts";
import { rsaKeyInfo } from "../der.ts";

/**
 * The SubjectPublicKeyInfo (RFC 5280 4.1) of a key in PEM: `PUBLIC KEY` holds one, `RSA PUBLIC KEY` what
 * is to be put into one. Throws an `Error` for anything else.
 */
export function subjectPublicKey(pem: string): Uint8Array<ArrayBuffer> {
  const [, label = "", text = ""] = PEM.exec(pem) ?? [];
  const der = decodeBase64(text.replaceAll(/\s/g, ""));
  if (!der || der.length === 0) throw new Error("the public key is no PEM of a public key");
  return label === "RSA PUBLIC KEY" ? Uint8Array.from(rsaKeyInfo(der)) : der;
}

const PEM = /-----BEGIN ((?:RSA )?PUBLIC KEY)-----([A-Za-z0-9+/=\s]*)-----END \1-----/;
