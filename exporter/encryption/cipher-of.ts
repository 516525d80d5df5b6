import type { Log } from "../log.ts";
import { type FieldCipher, fieldCipher, NO_CIPHER } from "./field-cipher.ts";
import { APISIX_DEFAULT, APISIX_DEFAULT_KEYS, keyringOf } from "./keyring.ts";

/** The cipher of `DATA_ENCRYPTION_KEYRING`; a key that everybody knows is told of. */
export function cipherOf(keyring: readonly string[] | undefined, log: Log): FieldCipher {
  if (keyring === undefined) return NO_CIPHER;
  const isKnown = (key: string) => key === APISIX_DEFAULT || APISIX_DEFAULT_KEYS.includes(key);
  if (keyring.some(isKnown)) {
    log.warn(
      "DATA_ENCRYPTION_KEYRING has APISIX's built-in keys, which hide nothing from anybody",
      {},
    );
  }
  return fieldCipher(keyringOf(keyring));
}
