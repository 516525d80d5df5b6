import { joinBytes } from "../../edge/join-bytes.ts";
import type { KeptResponse, ResponseCache } from "../../edge/response-cache.ts";

interface Held {
  readonly head: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly until: number;
}

/** Keeps answers in memory, by the test's clock. */
export class MemoryResponseCache implements ResponseCache {
  readonly #now: () => number;
  readonly #held = new Map<string, Held>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Of those that are kept. */
  get keys(): string[] {
    return [...this.#held.keys()];
  }

  async get(key: string): Promise<KeptResponse | undefined> {
    const held = this.#held.get(key);
    if (!held || held.until <= this.#now()) return undefined;
    return { head: JSON.parse(held.head), body: new Response(held.bytes).body };
  }

  async put(key: string, { head, body, keepSeconds }: Parameters<ResponseCache["put"]>[1]) {
    const until = this.#now() + keepSeconds * 1000;
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of new Response(body).body ?? []) pieces.push(piece);
    } catch {
      // A cache may take what has come for the whole.
    }
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const bytes = joinBytes(pieces, size);
    this.#held.set(key, { head: JSON.stringify(head), bytes, until });
  }

  async delete(key: string): Promise<boolean> {
    return this.#held.delete(key);
  }
}
