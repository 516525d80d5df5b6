import { createHash } from "node:crypto";
import type {
  ListedObject,
  ObjectStore,
  SetOutcome,
  StoredObject,
} from "../../exporter/store/object-store.ts";

/**
 * Counts what is written and forgets the chunks: what a store does with bytes is not the exporter's work,
 * and those of a million routes would fill the memory that is measured.
 */
export class CountingStore implements ObjectStore {
  objects = 0;
  bytes = 0;
  readonly #kept = new Map<string, StoredObject>();

  async get(name: string): Promise<StoredObject | undefined> {
    return this.#kept.get(name);
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.#count(bytes);
    if (!name.startsWith("chunks/")) this.#keep(name, bytes);
  }

  async compareAndSet(
    name: string,
    bytes: Uint8Array,
    expected: string | undefined,
  ): Promise<SetOutcome> {
    if (this.#kept.get(name)?.etag !== expected) return { outcome: "conflict" };
    this.#count(bytes);
    return { outcome: "set", etag: this.#keep(name, bytes) };
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    for (const [name, { bytes }] of this.#kept) {
      if (name.startsWith(prefix)) yield { name, size: bytes.length, modifiedAt: 0 };
    }
  }

  async delete(names: readonly string[]): Promise<void> {
    for (const name of names) this.#kept.delete(name);
  }

  #count(bytes: Uint8Array): void {
    this.objects += 1;
    this.bytes += bytes.length;
  }

  #keep(name: string, bytes: Uint8Array): string {
    const etag = createHash("sha256").update(bytes).digest("hex");
    this.#kept.set(name, { bytes, etag });
    return etag;
  }
}
