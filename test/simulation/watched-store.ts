import { LOSS_GUARD_DEFAULT } from "../../exporter/publish/loss-guard.ts";
import {
  listManifests,
  readChunk,
  readManifest,
  readPointer,
} from "../../exporter/publish/read-generation.ts";
import type { SetOutcome } from "../../exporter/store/object-store.ts";
import {
  type ChunkRef,
  chunkName,
  type Fence,
  type Manifest,
  type Pointer,
} from "../../shared/snapshot/format.ts";
import { chunksOf } from "../../shared/snapshot/read-tree.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { readResources } from "../support/read-resources.ts";

/** The name under which an operator moves the pointer. */
export const OPERATOR = "operator";

/** The bucket itself, which holds every move of the pointer against the invariants. */
export class WatchedStore extends MemoryStore {
  readonly violations: string[] = [];
  /** Every generation that was ever live, and its content digest. */
  readonly published = new Map<number, Manifest>();
  /** An operator has said that the next loss is meant. */
  forced = 0;
  #routes = new Set<string>();
  #last: Pointer | undefined;
  #fence: Fence | undefined;
  #settledAt = 0;

  override async compareAndSet(
    name: string,
    bytes: Uint8Array,
    expected: string | undefined,
  ): Promise<SetOutcome> {
    const answer = await super.compareAndSet(name, bytes, expected);
    if (answer.outcome === "set") await this.#checkMove();
    return answer;
  }

  async #checkMove(): Promise<void> {
    const held = await readPointer(this);
    if (!held) throw new Error("the pointer is gone");
    const { pointer } = held;
    const before = this.#last;
    this.#last = pointer;
    this.#checkFence(pointer);
    const generation = pointer.manifest.generation;
    if (before && generation < before.manifest.generation) {
      this.violations.push(`2: generation ${generation} after ${before.manifest.generation}`);
    }
    let manifest: Manifest;
    try {
      manifest = await readManifest(this, pointer.manifest);
    } catch (error) {
      this.violations.push(`1: the pointer moved to a manifest that is not there: ${error}`);
      return;
    }
    this.published.set(generation, manifest);
    if (await this.#isWhole(manifest, "is live")) await this.#checkLoss(manifest, pointer);
  }

  /** FORMAT.md 9.2: what any manifest names stays. */
  override async delete(names: readonly string[]): Promise<void> {
    await super.delete(names);
    for (const { ref } of await listManifests(this)) {
      await this.#isWhole(await readManifest(this, ref), "is kept");
    }
  }

  async #isWhole(manifest: Manifest, state: string): Promise<boolean> {
    try {
      for await (const ref of chunksOf(manifest, async (branch) => this.#chunk(branch))) {
        this.#chunk(ref);
      }
      return true;
    } catch (error) {
      this.violations.push(`1: generation ${manifest.generation} ${state}, and ${String(error)}`);
      return false;
    }
  }

  #chunk(ref: ChunkRef): Uint8Array {
    const held = this.objects.get(chunkName(ref));
    if (!held) throw new Error(`chunk ${ref.sha256} is not there`);
    return held.bytes;
  }

  /**
   * etcd was restored: its tokens begin anew. The leader of the history that is gone cannot know yet and
   * acts on until `settledAt`, when its lease has ended for certain.
   */
  beginHistory(settledAt: number): void {
    this.#settledAt = settledAt;
    this.#fence = undefined;
  }

  /** Invariant 9: an old leader never moves the pointer. */
  #checkFence({ fence, movedBy }: Pointer): void {
    // An operator keeps whatever fence there is.
    if (this.now() < this.#settledAt || movedBy === OPERATOR) return;
    const old = this.#fence;
    this.#fence = fence;
    if (old && fence && old.clusterId === fence.clusterId && fence.token < old.token) {
      this.violations.push(`9: the leader of token ${fence.token} moved it after ${old.token}`);
    }
  }

  async #checkLoss(manifest: Manifest, pointer: Pointer): Promise<void> {
    const resources = await readResources(manifest, (ref) => readChunk(this, ref));
    const routes = new Set([...resources.keys()].filter((key) => key.startsWith("routes/")));
    const removed = [...this.#routes].filter((key) => !routes.has(key)).length;
    const { minimum, share } = LOSS_GUARD_DEFAULT;
    const isLoss = removed >= minimum && removed > this.#routes.size * share;
    if (isLoss && !pointer.hold) {
      if (this.forced > 0) this.forced -= 1;
      else this.violations.push(`6: ${removed} of ${this.#routes.size} routes went in one publish`);
    }
    this.#routes = routes;
  }
}
