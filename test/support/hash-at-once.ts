import { createHash } from "node:crypto";
import { afterAll, beforeAll } from "vitest";

/**
 * Web Crypto hashes on another thread, which no virtual clock waits for. In files that call this, the same
 * hash is there at once.
 */
export function hashAtOnce(): void {
  const { digest } = crypto.subtle;
  beforeAll(() => {
    const atOnce = async (name: string, bytes: Uint8Array) => {
      const hash = createHash(name.replace("-", "").toLowerCase()).update(bytes).digest();
      return hash.buffer.slice(hash.byteOffset, hash.byteOffset + hash.length);
    };
    Object.defineProperty(crypto.subtle, "digest", { value: atOnce, configurable: true });
  });
  afterAll(() => {
    Object.defineProperty(crypto.subtle, "digest", { value: digest, configurable: true });
  });
}
