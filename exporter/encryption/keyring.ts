import { createCipheriv, createDecipheriv } from "node:crypto";

/** A key of the keyring that AES cannot use. */
export class KeyringError extends Error {
  override readonly name = "KeyringError";
}

/** APISIX's built-in keyring: whoever reads its source can read what was encrypted with it. */
export const APISIX_DEFAULT_KEYS: readonly string[] = ["qeddd145sfvddff3", "edd1c9f0985e76a2"];

/** How a configuration asks for those. */
export const APISIX_DEFAULT = "apisix-default";

/** The keyring of a setting, where `apisix-default` stands for two keys. */
export function keyringOf(entries: readonly string[]): Keyring {
  return new Keyring(
    entries.flatMap((entry) => (entry === APISIX_DEFAULT ? APISIX_DEFAULT_KEYS : [entry])),
  );
}

const CIPHERS: Readonly<Record<number, string>> = { 16: "aes-128-cbc", 32: "aes-256-cbc" };
const BLOCK_BYTES = 16;

/**
 * APISIX's cipher for fields at rest (reference 1.1): AES-CBC, where key and initialisation vector are both
 * the ASCII text of the key. The first key encrypts, every one is tried to decrypt. Equal texts become
 * equal ciphertexts, and nothing is authenticated: that is the format which both sides have to read.
 */
export class Keyring {
  readonly #keys: readonly Buffer[];

  /** Throws `KeyringError` unless there is a key and each has 16 or 32 ASCII characters. */
  constructor(keys: readonly string[]) {
    if (keys.length === 0) throw new KeyringError("a keyring needs a key");
    if (!keys.every(isKey)) throw new KeyringError("a key has 16 or 32 ASCII characters");
    this.#keys = keys.map((key) => Buffer.from(key, "latin1"));
  }

  encrypt(plain: string): string {
    const [key] = this.#keys as [Buffer];
    const cipher = createCipheriv(cipherOf(key), key, key.subarray(0, BLOCK_BYTES));
    return Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]).toString("base64");
  }

  /** A text that no key decrypts is not encrypted: it comes back as it is. */
  decrypt(stored: string): string {
    const bytes = ciphertext(stored);
    if (!bytes) return stored;
    for (const key of this.#keys) {
      const plain = decryptWith(key, bytes);
      if (plain !== undefined) return plain;
    }
    return stored;
  }
}

export function isKey(text: string): boolean {
  return /^[ -~]+$/.test(text) && text.length in CIPHERS;
}

/** Whole blocks of strict base64; anything else was never encrypted. */
function ciphertext(stored: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(stored) || stored.length % 4 !== 0) return undefined;
  const bytes = Buffer.from(stored, "base64");
  return bytes.length > 0 && bytes.length % BLOCK_BYTES === 0 ? bytes : undefined;
}

function decryptWith(key: Buffer, bytes: Buffer): string | undefined {
  try {
    const decipher = createDecipheriv(cipherOf(key), key, key.subarray(0, BLOCK_BYTES));
    const plain = Buffer.concat([decipher.update(bytes), decipher.final()]);
    // A wrong key may leave a padding that looks right: what comes out is then hardly ever text.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(plain);
  } catch {
    return undefined;
  }
}

function cipherOf(key: Buffer): string {
  return CIPHERS[key.length] as string;
}
