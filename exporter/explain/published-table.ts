import type { Resource, Values } from "../../shared/resources/resource.ts";
import { type KindName, resourceKey } from "../../shared/resources/resource-key.ts";
import type { Facts } from "../../shared/routing/facts.ts";
import { RouteIndex } from "../../shared/routing/route-index.ts";
import type { RouteMatch } from "../../shared/routing/route-match.ts";
import { BodyChunk } from "../../shared/snapshot/body-chunk.ts";
import { soughtKey } from "../../shared/snapshot/body-tree.ts";
import {
  type ChunkRef,
  chunkName,
  type Manifest,
  type RouterName,
  type TreeRef,
} from "../../shared/snapshot/format.ts";
import { ChunkNeeded, type HeldChunk } from "../../shared/snapshot/held-chunks.ts";
import { openChunk } from "../../shared/snapshot/open-chunk.ts";
import { leafOf, leavesOf, type ReadChunk } from "../../shared/snapshot/read-tree.ts";
import type { Origin, RoutingTable } from "./routing-table.ts";

const CHUNKS_AT_ONCE = 16;
const FIRST_ROUTE = "routes/";
const AFTER_ROUTES = "routes0";

/** A generation in the store. Chunks are read when a question leads to them. */
export class PublishedTable implements RoutingTable {
  readonly origin: Origin;
  readonly router: RouterName;
  readonly #manifest: Manifest;
  readonly #readChunk: ReadChunk;
  readonly #index: RouteIndex;
  readonly #held = new Map<string, HeldChunk>();
  /** Chunks that were looked into for single resources. */
  readonly #bytes = new Map<string, Promise<Uint8Array>>();

  /** `readChunk` verifies what it reads. */
  constructor(manifest: Manifest, isLive: boolean, readChunk: ReadChunk) {
    this.origin = { from: "store", generation: manifest.generation, isLive };
    this.router = manifest.router;
    this.#manifest = manifest;
    this.#readChunk = readChunk;
    const held = ({ sha256 }: ChunkRef) => this.#held.get(sha256);
    this.#index = new RouteIndex(manifest.router, manifest.index, { held });
  }

  async match(facts: Facts): Promise<RouteMatch | undefined> {
    for (;;) {
      try {
        return this.#index.match(facts);
      } catch (error) {
        if (!(error instanceof ChunkNeeded)) throw error;
        const { ref } = error;
        const chunk = openChunk(await this.#readChunk(ref), chunkName(ref));
        this.#held.set(ref.sha256, { chunk, used: true, links: [] });
      }
    }
  }

  async *routes(): AsyncGenerator<Resource<"routes">> {
    const leaves: TreeRef[] = [];
    for await (const ref of leavesOf(this.#manifest.bodies, this.#readChunk)) leaves.push(ref);
    for (let at = 0; at < leaves.length; at += CHUNKS_AT_ONCE) {
      const some = leaves.slice(at, at + CHUNKS_AT_ONCE);
      const read = await Promise.all(some.map((ref) => this.#readChunk(ref)));
      for (const [i, bytes] of read.entries()) {
        const chunk = new BodyChunk(bytes, chunkName(some[i] as TreeRef));
        for (const { key, value: body } of chunk.bodies()) {
          if (key >= AFTER_ROUTES) return;
          if (key < FIRST_ROUTE) continue;
          yield asResource("routes", key.slice(FIRST_ROUTE.length), body);
        }
      }
    }
  }

  async resource<K extends KindName>(kind: K, id: string): Promise<Resource<K> | undefined> {
    const { bodies } = this.#manifest;
    if (!bodies) return undefined;
    const key = resourceKey(kind, id);
    const read = (ref: ChunkRef) => this.#readOnce(ref);
    const ref = await leafOf(bodies, soughtKey(key), read);
    const body = new BodyChunk(await read(ref), chunkName(ref)).find(key);
    return body === undefined ? undefined : asResource(kind, id, body);
  }

  async globalRules(): Promise<readonly Values["global_rules"][]> {
    const { globalRules } = this.#manifest;
    const rules = await Promise.all(globalRules.map((id) => this.resource("global_rules", id)));
    return rules.flatMap((rule) => (rule ? [rule.value] : []));
  }

  #readOnce(ref: ChunkRef): Promise<Uint8Array> {
    const bytes = this.#bytes.get(ref.sha256) ?? this.#readChunk(ref);
    this.#bytes.set(ref.sha256, bytes);
    return bytes;
  }
}

function asResource<K extends KindName>(kind: K, id: string, body: unknown): Resource<K> {
  const { value, modRevision } = body as Pick<Resource<K>, "value" | "modRevision">;
  return { key: resourceKey(kind, id), kind, id, modRevision, value };
}
