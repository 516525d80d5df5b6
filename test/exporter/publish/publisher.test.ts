import { describe, expect, it } from "vitest";
import { OperationError, resume, rollback } from "../../../exporter/publish/operations.ts";
import { chunkName, POINTER_NAME, type TreeRef } from "../../../shared/snapshot/format.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { aPublisher, compiled, readLive, SOURCE } from "../../support/publishing.ts";
import { virtualClock } from "../../support/virtual-clock.ts";

const clock = virtualClock();

/** Everything written, in order. */
class Recorder extends MemoryStore {
  readonly writes: string[] = [];

  override async put(name: string, bytes: Uint8Array): Promise<void> {
    this.writes.push(name);
    await super.put(name, bytes);
  }

  override async compareAndSet(name: string, bytes: Uint8Array, expected: string | undefined) {
    this.writes.push(name);
    return super.compareAndSet(name, bytes, expected);
  }
}

/** Dies at its n-th write: before it is done, or after, without an answer. */
class Dying extends MemoryStore {
  #left: number;
  readonly #moment: "before" | "after";

  constructor(from: MemoryStore, dieAt: number, moment: "before" | "after") {
    super(() => clock.now());
    for (const [name, object] of from.objects) this.objects.set(name, object);
    this.#left = dieAt;
    this.#moment = moment;
  }

  override async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#step(() => super.put(name, bytes));
  }

  override async compareAndSet(name: string, bytes: Uint8Array, expected: string | undefined) {
    return this.#step(() => super.compareAndSet(name, bytes, expected));
  }

  async #step<T>(run: () => Promise<T>): Promise<T> {
    this.#left -= 1;
    if (this.#left < 0) throw new Error("dead");
    if (this.#left > 0) return run();
    if (this.#moment === "after") await run();
    throw new Error("died");
  }
}

const BEFORE = { a: "1", b: "1" };
/** With a path more, so that the index changes too: four writes. */
const AFTER = { a: "2", b: "2", c: "2" };

async function publishTo(store: MemoryStore, routes: Record<string, string>) {
  const publisher = aPublisher(store, clock);
  await publisher.refresh();
  const snapshot = await compiled(routes, await publisher.known());
  return { publisher, answer: await publisher.publish({ snapshot, source: SOURCE }) };
}

describe("a publish", () => {
  it("writes chunks, then the manifest, then the pointer", async () => {
    const store = new Recorder();
    const { answer } = await publishTo(store, { a: "1" });
    expect(store.writes.map((name) => name.split("/")[0])).toEqual([
      "chunks",
      "chunks",
      "manifests",
      "pointers",
    ]);
    expect(answer).toMatchObject({ outcome: "published", generation: 1, objects: 4 });
    expect(await readLive(store)).toMatchObject({ routes: { a: "1" } });
  });

  it("of the same content changes nothing", async () => {
    const store = new Recorder();
    await publishTo(store, { a: "1" });
    store.writes.length = 0;
    const { answer } = await publishTo(store, { a: "1" });
    expect(answer).toEqual({ outcome: "unchanged", generation: 1 });
    expect(store.writes).toEqual([]);
  });

  it("does not upload again what the live generation has", async () => {
    const store = new Recorder();
    const routes = Object.fromEntries(
      Array.from({ length: 600 }, (_, i) => [`r${i}`, "x".repeat(200)]),
    );
    await publishTo(store, routes);
    store.writes.length = 0;
    await publishTo(store, { ...routes, r5: "y".repeat(200) });
    const chunks = store.writes.filter((name) => name.startsWith("chunks/"));
    // One chunk of bodies and the branch above; the index is that of equal paths, and stays.
    expect(chunks).toHaveLength(2);
  });

  it.each(["before", "after"] as const)(
    "that dies at any write, %s it is done, leaves the old generation live and whole",
    async (moment) => {
      const before = new MemoryStore(() => clock.now());
      await publishTo(before, BEFORE);
      for (let step = 1; step <= 4; step++) {
        const store = new Dying(before, step, moment);
        await expect(publishTo(store, AFTER)).rejects.toThrow("died");
        const moved = step === 4 && moment === "after";
        const live = await readLive(store);
        expect(live?.routes).toEqual(moved ? AFTER : BEFORE);
        // The next start publishes what is missing, under a number that was never used.
        const after = new MemoryStore(() => clock.now());
        for (const [name, object] of store.objects) after.objects.set(name, object);
        const manifests = [...after.objects.keys()].filter((name) => name.startsWith("manifests/"));
        await publishTo(after, AFTER);
        const next = await readLive(after);
        expect(next?.routes).toEqual(AFTER);
        if (!moved) expect(next?.manifest.generation).toBe(manifests.length + 1);
      }
    },
  );

  it("of two at once is done by one; the other sees that the pointer has moved", async () => {
    const store = new MemoryStore();
    await publishTo(store, { a: "1" });
    const [one, two] = [aPublisher(store, clock), aPublisher(store, clock)];
    await Promise.all([one.refresh(), two.refresh()]);
    const answers = await Promise.all([
      one.publish({ snapshot: await compiled({ a: "2" }), source: SOURCE }),
      two.publish({ snapshot: await compiled({ a: "3" }), source: SOURCE }),
    ]);
    expect(answers.map(({ outcome }) => outcome).sort()).toEqual(["moved", "published"]);
    const manifests = [...store.objects.keys()].filter((name) => name.startsWith("manifests/"));
    expect(manifests).toHaveLength(2);
  });

  it("mends a pointer that is broken, and a manifest that is gone", async () => {
    const store = new MemoryStore();
    await publishTo(store, { a: "1" });
    await store.put(POINTER_NAME, new TextEncoder().encode("{"));
    expect((await publishTo(store, { a: "1" })).answer).toMatchObject({ generation: 2 });
    for (const name of store.objects.keys())
      if (name.startsWith("manifests/")) store.objects.delete(name);
    expect((await publishTo(store, { a: "1" })).answer).toMatchObject({ generation: 3 });
    expect(await readLive(store)).toMatchObject({ routes: { a: "1" } });
  });

  it("mends a branch that is damaged, though the content is what is live already", async () => {
    const store = new MemoryStore();
    const routes = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`route-${i}`, "1"]));
    await publishTo(store, routes);
    const index = (await readLive(store))?.manifest.index as TreeRef;
    expect(index.isBranch).toBe(true);
    await store.put(chunkName(index), new Uint8Array(index.length));
    expect((await publishTo(store, routes)).answer).toEqual({
      outcome: "unchanged",
      generation: 1,
    });
    expect(await readLive(store)).toMatchObject({ manifest: { generation: 1 } });
  });

  it("does not overwrite a pointer of a format that it does not know", async () => {
    const store = new MemoryStore();
    await store.put(POINTER_NAME, new TextEncoder().encode('{"format":2}'));
    await expect(publishTo(store, { a: "1" })).rejects.toMatchObject({ fault: "unsupported" });
  });
});

describe("leaders", () => {
  const fence = (token: number, clusterId = "1") => ({ clusterId, token });
  const yes = async () => true;
  const no = async () => false;

  it("that were deposed never move the pointer again, also with nothing published since", async () => {
    const store = new MemoryStore();
    const [old, next] = [aPublisher(store, clock), aPublisher(store, clock)];
    await old.refresh();
    await old.publish({ snapshot: await compiled({ a: "1" }), source: SOURCE, fence: fence(5) });
    expect(await next.claim(fence(8), no)).toBe("claimed");
    const late = { snapshot: await compiled({ a: "late" }), source: SOURCE, fence: fence(5) };
    expect(await old.publish(late)).toEqual({ outcome: "deposed", by: fence(8) });
    expect(await old.publish(late)).toEqual({ outcome: "deposed", by: fence(8) });
    expect(await readLive(store)).toMatchObject({ routes: { a: "1" } });
    expect(await old.claim(fence(5), no)).toBe("deposed");
  });

  it("of a restored etcd claim over a later token once etcd says that they lead", async () => {
    const store = new MemoryStore();
    const publisher = aPublisher(store, clock);
    await publisher.refresh();
    await publisher.publish({
      snapshot: await compiled({ a: "1" }),
      source: SOURCE,
      fence: fence(90),
    });
    expect(await aPublisher(store, clock).claim(fence(12), no)).toBe("deposed");
    expect(await aPublisher(store, clock).claim(fence(12), yes)).toBe("claimed");
    expect((await readLive(store))?.pointer.fence).toEqual(fence(12));
    expect(await aPublisher(store, clock).claim(fence(1, "2"), yes)).toBe("claimed");
  });
});

describe("a rollback", () => {
  const operator = (store: MemoryStore) => ({ store, clock, namespace: "default", by: "operator" });

  it("publishes the old content as a new generation, and holds there until resumed", async () => {
    const store = new MemoryStore();
    await publishTo(store, { a: "1" });
    await publishTo(store, { a: "2" });
    expect(await rollback(operator(store), 1)).toEqual({ generation: 3, repeats: 1 });
    const held = await readLive(store);
    expect(held).toMatchObject({ routes: { a: "1" }, manifest: { generation: 3, repeats: 1 } });
    expect(held?.pointer.hold).toMatchObject({
      reason: "rollback to generation 1",
      superseded: { generation: 2 },
    });
    // Whoever starts anew meets the hold, whatever etcd says.
    expect((await publishTo(store, { a: "9" })).answer).toMatchObject({ outcome: "held" });
    expect(await resume(operator(store))).toBe(true);
    expect(await resume(operator(store))).toBe(false);
    expect((await publishTo(store, { a: "9" })).answer).toMatchObject({ generation: 4 });
  });

  it("to where the pointer is already is a hold all the same", async () => {
    const store = new MemoryStore();
    await publishTo(store, { a: "1" });
    expect(await rollback(operator(store), 1)).toEqual({ generation: 2, repeats: 1 });
    expect((await readLive(store))?.pointer.hold).toBeDefined();
  });

  it("keeps the first superseded generation through a second rollback", async () => {
    const store = new MemoryStore();
    for (const desc of ["1", "2", "3"]) await publishTo(store, { a: desc });
    await rollback(operator(store), 1);
    await rollback(operator(store), 2);
    expect((await readLive(store))?.pointer.hold?.superseded.generation).toBe(3);
  });

  it("to a generation that is not there says which there are", async () => {
    const store = new MemoryStore();
    await publishTo(store, { a: "1" });
    await expect(rollback(operator(store), 7)).rejects.toThrow(OperationError);
    await expect(rollback(operator(store), 7)).rejects.toThrow("kept: 1 to 1");
  });

  it("to a generation of which a chunk is gone changes nothing", async () => {
    const store = new MemoryStore();
    await publishTo(store, { a: "1" });
    const doomed = [...store.objects.keys()].filter((name) => name.startsWith("chunks/"));
    await publishTo(store, { b: "2" });
    store.objects.delete(doomed[0] as string);
    await expect(rollback(operator(store), 1)).rejects.toMatchObject({ fault: "missing" });
    expect(await readLive(store)).toMatchObject({ manifest: { generation: 2 } });
  });
});

describe("the number of a generation", () => {
  it("is not used again when the manifest was written but the answer was lost", async () => {
    const store = new MemoryStore();
    const publisher = aPublisher(store, clock);
    await publisher.refresh();
    await publisher.publish({ snapshot: await compiled({ a: "1" }), source: SOURCE });
    const put = store.put.bind(store);
    store.put = async (name, bytes) => {
      await put(name, bytes);
      if (name.startsWith("manifests/")) throw new Error("the answer was lost");
    };
    const lost = publisher.publish({ snapshot: await compiled({ a: "2" }), source: SOURCE });
    await expect(lost).rejects.toThrow("the answer was lost");
    store.put = put;
    const next = await publisher.publish({ snapshot: await compiled({ a: "3" }), source: SOURCE });
    expect(next).toMatchObject({ outcome: "published", generation: 3 });
  });
});
