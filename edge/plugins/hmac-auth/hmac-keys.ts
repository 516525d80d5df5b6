import { BoundedMap } from "../../bounded-map.ts";

/** The names of the algorithms, and their hashes in Web Crypto. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["hmac-sha1", "SHA-1"],
  ["hmac-sha256", "SHA-256"],
  ["hmac-sha512", "SHA-512"],
]);

const KEYS_KEPT = 1000;
const UTF8 = new TextEncoder();

/** Consumers' secrets as keys; each is imported once an isolate. */
export class HmacKeys {
  readonly #keys = new BoundedMap<string, Promise<CryptoKey>>(KEYS_KEPT);

  /** In constant time. False for an algorithm that is none. */
  async verify(by: {
    readonly algorithm: string;
    readonly secret: string;
    readonly signature: Uint8Array<ArrayBuffer>;
    readonly text: Uint8Array<ArrayBuffer>;
  }): Promise<boolean> {
    const hash = HASHES.get(by.algorithm);
    if (hash === undefined || by.secret === "") return false;
    const key = await this.#key(hash, by.secret);
    return crypto.subtle.verify("HMAC", key, by.signature, by.text);
  }

  #key(hash: string, secret: string): Promise<CryptoKey> {
    const name = `${hash}\n${secret}`;
    let key = this.#keys.get(name);
    if (!key) {
      const parameters = { name: "HMAC", hash };
      key = crypto.subtle.importKey("raw", UTF8.encode(secret), parameters, false, ["verify"]);
      this.#keys.set(name, key);
    }
    return key;
  }
}
