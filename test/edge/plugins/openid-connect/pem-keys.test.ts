import { CompactSign, compactVerify, exportPKCS8, exportSPKI, generateKeyPair } from "jose";
import { describe, expect, it } from "vitest";
import { privateKey, publicKeys } from "../../../../edge/plugins/openid-connect/pem-keys.ts";

/** As `openssl ecparam -genkey` writes it (SEC 1), and its certificate; for this test only. */
const EC_KEY = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEINCoh2a4nZJjYj21axKDmRN1Oop/l8STIocIVQf2lnj/oAoGCCqGSM49
AwEHoUQDQgAEOoqtNLG/vd808oQ/VZb6SMLT5sq280Z8rR+EvP6oX2O7OGPE4hM7
FnRQ3hN8Y2SB8Z/hQ1yQ24s3FxG1Wv6gzg==
-----END EC PRIVATE KEY-----`;
const EC_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUKA/EI+h1Gcjfq5gMH02pxchgcR8wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjYwMzI5MzZaGA8yMTI2MTEwMjAzMjkz
NlowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDqK
rTSxv73fNPKEP1WW+kjC0+bKtvNGfK0fhLz+qF9juzhjxOITOxZ0UN4TfGNkgfGf
4UNckNuLNxcRtVr+oM6jUzBRMB0GA1UdDgQWBBRB3fsVsREIITGqD2t40g4LE6z3
pzAfBgNVHSMEGDAWgBRB3fsVsREIITGqD2t40g4LE6z3pzAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIEDJ12V1wKFLSZRTAT0g81pPLZqNj0TTz1kB
Iv8tIZluAiEAsnz/w3mG1wPpybj1xsyQ0rP3+CQLhgMetq6p5uFousI=
-----END CERTIFICATE-----`;

async function signs(key: CryptoKey, alg: string, by: CryptoKey | undefined): Promise<boolean> {
  if (!by) return false;
  const token = await new CompactSign(new Uint8Array([1])).setProtectedHeader({ alg }).sign(key);
  return compactVerify(token, by).then(
    () => true,
    () => false,
  );
}

/** What is in one wrapping of DER, from `at` on, in another one's words. */
function unwrapped(pem: string, at: number, label: string): string {
  const der = atob(pem.replaceAll(/-----[^-]+-----|\s/g, ""));
  return `-----BEGIN ${label}-----\n${btoa(der.slice(at))}\n-----END ${label}-----`;
}

describe("keys in PEM", () => {
  it("of an elliptic curve without its wrapping, and of a certificate", async () => {
    const keys = await publicKeys(EC_CERTIFICATE);
    expect([...keys.keys()]).toEqual(["ES256"]);
    const key = await privateKey(EC_KEY, "ES256", "a field");
    expect(await signs(key, "ES256", keys.get("ES256"))).toBe(true);
  });

  it("of RSA, with and without their wrapping", async () => {
    const pair = await generateKeyPair("RS256", { extractable: true });
    const [spki, pkcs8] = [await exportSPKI(pair.publicKey), await exportPKCS8(pair.privateKey)];
    for (const pem of [spki, unwrapped(spki, 24, "RSA PUBLIC KEY")]) {
      const keys = await publicKeys(pem);
      expect([...keys.keys()]).toEqual(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]);
      for (const written of [pkcs8, unwrapped(pkcs8, 26, "RSA PRIVATE KEY")]) {
        const key = await privateKey(written, "RS256", "a field");
        expect(await signs(key, "RS256", keys.get("RS256"))).toBe(true);
      }
    }
  });

  it.each([
    ["a text", "secret"],
    ["an empty PEM", "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----"],
    ["base64 of something else", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"],
    ["no base64", "-----BEGIN PUBLIC KEY-----\nA\n-----END PUBLIC KEY-----"],
    ["a private key", EC_KEY],
  ])("are not found in %s", async (_what, pem) => {
    await expect(publicKeys(pem)).rejects.toThrow("public_key");
    await expect(privateKey(pem, "RS256", "a field")).rejects.toThrow("a field");
  });
});
