import { BoundedMap } from "../../bounded-map.ts";
import { importSignatureKey, type KeyConfiguration, type SignatureKey } from "./signature-key.ts";

const KEYS_KEPT = 1000;

/** The keys of an isolate: each is imported once, whichever generation or route asks for it. */
export class SignatureKeys {
  readonly #keys = new BoundedMap<string, Promise<SignatureKey | undefined>>(KEYS_KEPT);
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** Undefined for one that cannot be; the log tells why, and nothing of the key. */
  of(configuration: KeyConfiguration): Promise<SignatureKey | undefined> {
    const { algorithm, secret, public_key: publicKey, base64_secret: isBase64 } = configuration;
    const name = JSON.stringify([algorithm, secret, publicKey, isBase64]);
    let key = this.#keys.get(name);
    if (!key) {
      key = importSignatureKey(configuration).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#log(`jwt-auth: a consumer's key for ${algorithm} cannot be used: ${reason}`);
        return undefined;
      });
      this.#keys.set(name, key);
    }
    return key;
  }
}
