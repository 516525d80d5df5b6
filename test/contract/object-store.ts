import { describe, expect, it } from "vitest";
import type { ObjectStore } from "../../exporter/store/object-store.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (stored: { readonly bytes: Uint8Array } | undefined) =>
  stored && new TextDecoder().decode(stored.bytes);

async function names(store: ObjectStore, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of store.list(prefix)) found.push(name);
  return found;
}

/** What every store must do. `open` gives an empty store; `other` one of another namespace beside it. */
export function objectStoreContract(
  name: string,
  open: () => Promise<{ readonly store: ObjectStore; readonly other: ObjectStore }>,
  { many }: { readonly many: number },
): void {
  describe(`${name}, as an object store`, () => {
    it("gives back what was put, byte for byte", async () => {
      const { store } = await open();
      const all = Uint8Array.from({ length: 256 }, (_, i) => i);
      await store.put("chunks/a", all);
      expect((await store.get("chunks/a"))?.bytes).toEqual(all);
      await store.put("chunks/empty", new Uint8Array());
      expect((await store.get("chunks/empty"))?.bytes).toEqual(new Uint8Array());
    });

    it("says that an object is not there rather than throwing", async () => {
      const { store } = await open();
      expect(await store.get("chunks/none")).toBeUndefined();
    });

    it("takes a second put of the same name", async () => {
      const { store } = await open();
      await store.put("chunks/a", bytes("one"));
      await store.put("chunks/a", bytes("one"));
      expect(text(await store.get("chunks/a"))).toBe("one");
    });

    it("creates by compare-and-set only where there is nothing", async () => {
      const { store } = await open();
      const first = await store.compareAndSet("p", bytes("one"), undefined);
      expect(first.outcome).toBe("set");
      expect(await store.compareAndSet("p", bytes("two"), undefined)).toEqual({
        outcome: "conflict",
      });
      expect(text(await store.get("p"))).toBe("one");
    });

    it("replaces by compare-and-set only what was expected, and tells the new etag", async () => {
      const { store } = await open();
      await store.compareAndSet("p", bytes("one"), undefined);
      const etag = (await store.get("p"))?.etag;
      const second = await store.compareAndSet("p", bytes("two"), etag);
      expect(second).toEqual({ outcome: "set", etag: (await store.get("p"))?.etag });
      expect((await store.compareAndSet("p", bytes("three"), etag)).outcome).toBe("conflict");
      expect(text(await store.get("p"))).toBe("two");
    });

    it("has a conflict where the expected object is gone", async () => {
      const { store } = await open();
      await store.compareAndSet("p", bytes("one"), undefined);
      const etag = (await store.get("p"))?.etag;
      await store.delete(["p"]);
      expect((await store.compareAndSet("p", bytes("two"), etag)).outcome).toBe("conflict");
    });

    it("lets one of 20 that race win, for a create and for a replacement", async () => {
      const { store } = await open();
      for (const expected of [undefined, "held"] as const) {
        const etag = expected && (await store.get("p"))?.etag;
        const race = Array.from({ length: 20 }, (_, i) =>
          store.compareAndSet("p", bytes(`${expected} ${i}`), etag),
        );
        const outcomes = await Promise.all(race);
        const winners = outcomes.flatMap(({ outcome }, i) => (outcome === "set" ? [i] : []));
        expect(winners).toHaveLength(1);
        expect(text(await store.get("p"))).toBe(`${expected} ${winners[0]}`);
      }
    });

    it("lists what begins with a prefix, in order, with size and time", async () => {
      const { store } = await open();
      for (const name of ["manifests/2", "manifests/10", "chunks/b", "chunks/a"]) {
        await store.put(name, bytes(name));
      }
      expect(await names(store, "chunks/")).toEqual(["chunks/a", "chunks/b"]);
      expect(await names(store, "manifests/")).toEqual(["manifests/10", "manifests/2"]);
      expect(await names(store, "nothing/")).toEqual([]);
      for await (const { size, modifiedAt } of store.list("chunks/")) {
        expect(size).toBe(8);
        expect(Math.abs(Date.now() - modifiedAt)).toBeLessThan(60_000);
      }
    });

    it(`lists and deletes ${many} objects`, async () => {
      const { store } = await open();
      const all = Array.from({ length: many }, (_, i) => `chunks/${String(i).padStart(5, "0")}`);
      for (let start = 0; start < many; start += 20) {
        await Promise.all(all.slice(start, start + 20).map((name) => store.put(name, bytes(name))));
      }
      expect(await names(store, "chunks/")).toEqual(all);
      await store.delete(all.slice(1));
      expect(await names(store, "chunks/")).toEqual(all.slice(0, 1));
    });

    it("takes the deletion of what is not there as done", async () => {
      const { store } = await open();
      await store.put("chunks/a", bytes("a"));
      await store.delete(["chunks/a", "chunks/none"]);
      await store.delete([]);
      expect(await names(store)).toEqual([]);
    });

    it("keeps namespaces apart", async () => {
      const { store, other } = await open();
      await store.put("chunks/a", bytes("ours"));
      await other.put("chunks/b", bytes("theirs"));
      expect(await names(store)).toEqual(["chunks/a"]);
      expect(await names(other)).toEqual(["chunks/b"]);
      expect(await other.get("chunks/a")).toBeUndefined();
    });
  });
}
