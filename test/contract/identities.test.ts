import { describe, expect, it } from "vitest";
import { Compiler } from "../../exporter/compile/compiler.ts";
import { PublishedGeneration } from "../../exporter/compile/memory.ts";
import { show } from "../../exporter/publish/operations.ts";
import { readChunk, readManifest, readPointer } from "../../exporter/publish/read-generation.ts";
import type { ChunkRef } from "../../shared/snapshot/format.ts";
import { anEdge } from "../support/edge-world.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { aPublisher, SOURCE } from "../support/publishing.ts";
import { type Puts, ResourceWorld } from "../support/resource-world.ts";
import { virtualClock } from "../support/virtual-clock.ts";

/** FORMAT.md 11: what the exporter writes is what the edge finds. */

const NONE: ReadonlySet<string> = new Set();

/** An exporter, a store, and edges that read what lies there. */
class PublishedWorld extends ResourceWorld {
  readonly store = new MemoryStore();
  readonly #compiler = new Compiler("radixtree_host_uri");
  readonly #publisher = aPublisher(this.store, virtualClock());

  /** Returns the live manifest. */
  async publish(puts: Puts, more: ReadonlySet<string> = NONE) {
    const changed = new Set([...this.put(puts), ...more]);
    const snapshot = await this.#compiler.compile(this.table, changed, NONE);
    await this.#publisher.publish({ snapshot, source: SOURCE });
    const held = await readPointer(this.store);
    if (!held) throw new Error("nothing was published");
    return readManifest(this.store, held.pointer.manifest);
  }

  /** Whom a new isolate finds by these keys of key-auth. */
  async found(...keys: readonly string[]): Promise<readonly (string | undefined)[]> {
    const read = async (name: string) => (await this.store.get(name))?.bytes;
    const secrets = new Map([["$env://JILL", "of jill"]]);
    const edge = anEdge({
      sources: [{ name: "memory", read }],
      resolveSecret: (reference) => secrets.get(reference),
    });
    const snapshot = await edge.current();
    await edge.settled();
    const names = keys.map(async (key) => {
      const identity = await snapshot?.identified("key-auth", key);
      return identity && `${identity.consumer.username} ${identity.credentialId ?? "itself"}`;
    });
    return Promise.all(names);
  }
}

const withKey = (key: unknown) => ({ plugins: { "key-auth": { key } } });
const consumer = (username: string, key: unknown) => ({ username, ...withKey(key) });

describe("senders that the exporter publishes", () => {
  it("are found by edges, change after change", async () => {
    const world = new PublishedWorld();
    await world.publish({
      "consumers/jack": consumer("jack", "shared"),
      "consumers/jack/credentials/c1": withKey("of the credential"),
      "consumers/jill": consumer("jill", "$env://JILL"),
      "consumers/zoe": consumer("zoe", "shared"),
    });
    expect(await world.found("shared", "of the credential", "of jill", "$env://JILL")).toEqual([
      "zoe itself",
      "jack c1",
      "jill itself",
      undefined,
    ]);
    await world.publish({
      "consumers/zoe": undefined,
      "consumers/jill": consumer("jill", "of the credential"),
    });
    expect(await world.found("shared", "of the credential", "of jill")).toEqual([
      "jack itself",
      "jill itself",
      undefined,
    ]);
  });

  it("stay found by their last valid values after a restart", async () => {
    const world = new PublishedWorld();
    const before = await world.publish({
      "consumers/jack": consumer("jack", "k"),
      "consumers/jill": consumer("jill", "l"),
    });
    const read = (ref: ChunkRef) => readChunk(world.store, ref);
    const memory = await PublishedGeneration.open(before, read);
    const restarted = new ResourceWorld();
    const changed = restarted.put({
      "consumers/jack": { username: "not jack's", ...withKey("other") },
      "consumers/jill": consumer("jill", "l"),
    });
    const recalled = await restarted.table.recall((key) => memory.body(key));
    expect([...recalled]).toEqual(["consumers/jack"]);
    const again = new Compiler("radixtree_host_uri");
    const both = new Set([...changed, ...recalled]);
    const { content } = await again.compile(restarted.table, both, NONE);
    expect(content.bodies).toEqual(before.bodies);
  });

  it("are shown to a person as resources, without the entries", async () => {
    const world = new PublishedWorld();
    await world.publish({ "consumers/jack": consumer("jack", "k") });
    const { resources } = await show(world.store, 1);
    expect(resources.map(({ key }) => key)).toEqual(["consumers/jack"]);
  });
});
