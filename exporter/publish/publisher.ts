import { encodeManifest, encodePointer } from "../../shared/snapshot/codec.ts";
import { sha256Hex } from "../../shared/snapshot/digest.ts";
import { SnapshotError } from "../../shared/snapshot/errors.ts";
import {
  chunkName,
  type Fence,
  FORMAT,
  type Hold,
  type Manifest,
  type ManifestRef,
  manifestName,
  POINTER_NAME,
  type Pointer,
  type SourcePosition,
} from "../../shared/snapshot/format.ts";
import type { Clock } from "../clock.ts";
import type { CompiledSnapshot } from "../compile/compiled-snapshot.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { forEachAtMost } from "./bounded.ts";
import { knownChunks, listManifests, readManifest, readPointer } from "./read-generation.ts";

const UPLOADS_AT_ONCE = 8;

/** What is live, as this publisher last saw it. */
export interface Live {
  readonly pointer: Pointer;
  readonly etag: string;
  /** Undefined where the pointer names a manifest that is missing or broken. */
  readonly manifest: Manifest | undefined;
}

export type PublishOutcome =
  | {
      readonly outcome: "published";
      readonly generation: number;
      /** Uploaded: chunks, manifest and pointer. */
      readonly objects: number;
      readonly bytes: number;
    }
  /** The live generation has this content already. */
  | { readonly outcome: "unchanged"; readonly generation: number }
  /** An operator holds the live generation (FORMAT.md 2.2). */
  | { readonly outcome: "held"; readonly hold: Hold }
  /** A leader that was elected later has claimed the pointer (FORMAT.md 2.3). */
  | { readonly outcome: "deposed"; readonly by: Fence }
  /** Somebody else moved the pointer meanwhile; compile again against what is live now. */
  | { readonly outcome: "moved" };

export interface PublishRequest {
  readonly snapshot: CompiledSnapshot;
  readonly source: SourcePosition;
  /** The leader's. Without one the pointer keeps the fence it has. */
  readonly fence?: Fence | undefined;
  /** Set with a rollback: the content is published over any hold, and held. */
  readonly rollback?: { readonly repeats: number; readonly hold: Hold } | undefined;
}

export interface PublisherOptions {
  readonly store: ObjectStore;
  readonly namespace: string;
  readonly clock: Clock;
  /** Written into the pointer, for a person. */
  readonly by: string;
}

/** Moves the pointer of one namespace. One call at a time. */
export class Publisher {
  readonly #options: PublisherOptions;
  #live: Live | undefined;
  #pointerEtag: string | undefined;
  #known: ReadonlySet<string> | undefined;
  /** FORMAT.md 8.4: no manifest in the store has a higher generation. */
  #highest: number | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get live(): Live | undefined {
    return this.#live;
  }

  /**
   * Chunks that the live manifest named when somebody else published it: they need not be uploaded
   * (FORMAT.md 8.2). What this publisher made live since is told by `confirm` of its snapshot; the set stays
   * the same one. Read when asked for: a follower, which meets every publish of its leader, needs none.
   */
  async known(): Promise<ReadonlySet<string>> {
    const manifest = this.#live?.manifest;
    this.#known ??= manifest ? await knownChunks(this.#options.store, manifest) : new Set();
    return this.#known;
  }

  /** Reads the pointer, and the manifest where it is another one than before. */
  async refresh(): Promise<Live | undefined> {
    const { store } = this.#options;
    const held = await readPointer(store).catch(async (error: unknown) => {
      if (!isDamage(error)) throw error;
      // A broken pointer is written anew, against its own etag; the manifests tell the generation.
      this.#pointerEtag = (await store.get(POINTER_NAME))?.etag;
      this.#highest = undefined;
      return "broken" as const;
    });
    if (held === "broken" || held === undefined) {
      if (held === undefined) this.#pointerEtag = undefined;
      if (this.#live) this.#known = undefined;
      this.#live = undefined;
      return undefined;
    }
    if (held.etag !== this.#pointerEtag) this.#highest = undefined;
    this.#pointerEtag = held.etag;
    const same =
      this.#live?.manifest && sameRef(this.#live.pointer.manifest, held.pointer.manifest);
    const manifest = same ? this.#live?.manifest : await this.#manifestOf(held.pointer);
    if (!same) this.#known = undefined;
    this.#live = { ...held, manifest };
    return this.#live;
  }

  /**
   * FORMAT.md 2.3: makes the etag of every other leader stale. A pointer of a later token, or of another
   * cluster, is claimed only where `stillLeads` says, after that pointer was read, that etcd knows no
   * other leader: then the token is from a history that a restore has undone.
   */
  async claim(fence: Fence, stillLeads: () => Promise<boolean>): Promise<"claimed" | "deposed"> {
    for (;;) {
      const live = await this.refresh();
      if (!live || sameFence(live.pointer.fence, fence)) return "claimed";
      if (!isEarlier(live.pointer.fence, fence) && !(await stillLeads())) return "deposed";
      if (await this.#setPointer({ ...live.pointer, fence }, live.manifest)) return "claimed";
    }
  }

  /** Takes the hold out (FORMAT.md 8.5). False where there is none. */
  async resume(): Promise<boolean> {
    for (;;) {
      const live = await this.refresh();
      if (!live?.pointer.hold) return false;
      const { hold: _hold, ...pointer } = live.pointer;
      if (await this.#setPointer(pointer, live.manifest)) return true;
    }
  }

  /** FORMAT.md 8.1: chunks, manifest, pointer; always, in this one function. */
  async publish(request: PublishRequest): Promise<PublishOutcome> {
    const { snapshot, rollback, fence } = request;
    const live = this.#live;
    const other = claimedByAnother(live, fence);
    if (other) return { outcome: "deposed", by: other };
    if (!rollback && live?.pointer.hold) return { outcome: "held", hold: live.pointer.hold };
    if (!rollback && live?.manifest?.content === snapshot.digest) {
      // Something is fresh only where a branch of what is live could not be read.
      await this.#putChunks(snapshot);
      snapshot.confirm();
      return { outcome: "unchanged", generation: live.manifest.generation };
    }
    const chunkBytes = await this.#putChunks(snapshot);
    const { manifest, ref } = await this.#putManifest(request, await this.#nextGeneration());
    const pointer: Pointer = {
      ...this.#pointerHead(),
      manifest: ref,
      ...(rollback ? { hold: rollback.hold } : {}),
      ...((fence ?? live?.pointer.fence) ? { fence: fence ?? live?.pointer.fence } : {}),
    };
    if (!(await this.#setPointer(pointer, manifest))) return this.#afterConflict(ref, fence);
    snapshot.confirm();
    return {
      outcome: "published",
      generation: ref.generation,
      objects: snapshot.fresh.size + 2,
      bytes: chunkBytes + ref.length,
    };
  }

  /** FORMAT.md 9.4: for publishers beside the leader, whose collection may run meanwhile. */
  async writeMissing(snapshot: CompiledSnapshot): Promise<number> {
    const present = new Set<string>();
    for await (const { name } of this.#options.store.list("chunks/")) present.add(name);
    const missing = [...snapshot.fresh].filter(([sha256]) => !present.has(chunkName({ sha256 })));
    for (const [sha256, bytes] of missing) {
      await this.#options.store.put(chunkName({ sha256 }), await bytes());
    }
    return missing.length;
  }

  async #putChunks(snapshot: CompiledSnapshot): Promise<number> {
    let total = 0;
    await forEachAtMost(UPLOADS_AT_ONCE, snapshot.fresh, async ([sha256, make]) => {
      const bytes = await make();
      await this.#options.store.put(chunkName({ sha256 }), bytes);
      total += bytes.length;
    });
    return total;
  }

  async #putManifest(request: PublishRequest, generation: number) {
    const { clock, namespace, store } = this.#options;
    const manifest: Manifest = {
      format: FORMAT,
      namespace,
      generation,
      createdAt: new Date(clock.now()).toISOString(),
      source: request.source,
      ...(request.rollback ? { repeats: request.rollback.repeats } : {}),
      content: request.snapshot.digest,
      ...request.snapshot.content,
    };
    const bytes = encodeManifest(manifest);
    const ref: ManifestRef = { generation, sha256: await sha256Hex(bytes), length: bytes.length };
    // Before the write: one that fails may have been done all the same, and its number is used then.
    this.#highest = generation;
    await store.put(manifestName(ref), bytes);
    return { manifest, ref };
  }

  async #setPointer(pointer: Pointer, manifest: Manifest | undefined): Promise<boolean> {
    const moved = { ...pointer, ...this.#pointerHead() };
    const bytes = encodePointer(moved);
    const answer = await this.#options.store.compareAndSet(POINTER_NAME, bytes, this.#pointerEtag);
    if (answer.outcome === "conflict") return false;
    this.#pointerEtag = answer.etag;
    this.#live = { pointer: moved, etag: answer.etag, manifest };
    return true;
  }

  /** The manifest that lost is taken away, so that a generation has one manifest. */
  async #afterConflict(ref: ManifestRef, fence: Fence | undefined): Promise<PublishOutcome> {
    const live = await this.refresh();
    if (!live || !sameRef(live.pointer.manifest, ref)) {
      await this.#options.store.delete([manifestName(ref)]);
    }
    const other = claimedByAnother(live, fence);
    return other ? { outcome: "deposed", by: other } : { outcome: "moved" };
  }

  async #nextGeneration(): Promise<number> {
    if (this.#highest === undefined) {
      const manifests = await listManifests(this.#options.store);
      this.#highest = manifests.at(-1)?.ref.generation ?? 0;
    }
    return Math.max(this.#highest, this.#live?.pointer.manifest.generation ?? 0) + 1;
  }

  #pointerHead() {
    const { by, clock, namespace } = this.#options;
    const movedAt = new Date(clock.now()).toISOString();
    return { format: FORMAT, namespace, movedAt, movedBy: by };
  }

  async #manifestOf(pointer: Pointer): Promise<Manifest | undefined> {
    try {
      return await readManifest(this.#options.store, pointer.manifest);
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
  }
}

/** Damage is mended by publishing anew; a format of a newer Snapgate is not ours to overwrite. */
function isDamage(error: unknown): boolean {
  return error instanceof SnapshotError && (error.fault === "corrupt" || error.fault === "missing");
}

/** Whoever claimed the pointer after us; a leader claims before it publishes. */
function claimedByAnother(live: Live | undefined, own: Fence | undefined): Fence | undefined {
  const held = live?.pointer.fence;
  return own && held && !sameFence(held, own) ? held : undefined;
}

/** Nobody's, or that of an earlier leader of the same history. */
function isEarlier(held: Fence | undefined, own: Fence): boolean {
  if (held === undefined) return true;
  return held.clusterId === own.clusterId && held.token < own.token;
}

function sameFence(held: Fence | undefined, own: Fence): boolean {
  return held?.clusterId === own.clusterId && held.token === own.token;
}

function sameRef(a: ManifestRef, b: ManifestRef): boolean {
  return a.generation === b.generation && a.sha256 === b.sha256;
}
