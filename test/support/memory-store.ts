import type {
  ListedObject,
  ObjectStore,
  SetOutcome,
  StoredObject,
} from "../../exporter/store/object-store.ts";

/** A store in memory, held to the same contract as the real ones. Copies in and out, as a network does. */
export class MemoryStore implements ObjectStore {
  readonly objects = new Map<string, StoredObject & { readonly modifiedAt: number }>();
  readonly now: () => number;
  #writes = 0;

  constructor(now: () => number = Date.now) {
    this.now = now;
  }

  async get(name: string): Promise<StoredObject | undefined> {
    const held = this.objects.get(name);
    return held && { bytes: held.bytes.slice(), etag: held.etag };
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.#write(name, bytes);
  }

  async compareAndSet(
    name: string,
    bytes: Uint8Array,
    expected: string | undefined,
  ): Promise<SetOutcome> {
    if (this.objects.get(name)?.etag !== expected) return { outcome: "conflict" };
    return { outcome: "set", etag: this.#write(name, bytes) };
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    const names = [...this.objects.keys()].filter((name) => name.startsWith(prefix)).sort();
    for (const name of names) {
      const held = this.objects.get(name);
      if (held) yield { name, size: held.bytes.length, modifiedAt: held.modifiedAt };
    }
  }

  async delete(names: readonly string[]): Promise<void> {
    for (const name of names) this.objects.delete(name);
  }

  #write(name: string, bytes: Uint8Array): string {
    const etag = `"${++this.#writes}"`;
    this.objects.set(name, { bytes: bytes.slice(), etag, modifiedAt: this.now() });
    return etag;
  }
}
