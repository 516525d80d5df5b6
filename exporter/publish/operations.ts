import { parseResourceKey } from "../../shared/resources/resource-key.ts";
import { BodyChunk } from "../../shared/snapshot/body-chunk.ts";
import { SnapshotError } from "../../shared/snapshot/errors.ts";
import {
  type ChunkRef,
  chunkName,
  type Manifest,
  type ManifestRef,
  type Pointer,
} from "../../shared/snapshot/format.ts";
import { chunksOf, leavesOf } from "../../shared/snapshot/read-tree.ts";
import type { ObjectStore } from "../store/object-store.ts";
import { forEachAtMost } from "./bounded.ts";
import { Publisher, type PublisherOptions } from "./publisher.ts";
import { listManifests, readChunk, readManifest, readPointer } from "./read-generation.ts";

/** What an operator does to a bucket. None of it needs etcd or a running exporter. */

/** What was asked for cannot be done; the message tells a person why, and what can. */
export class OperationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OperationError";
  }
}

/** One generation in the store; of one whose manifest cannot be read, why. */
export type Generation = { readonly generation: number; readonly live: boolean } & (
  | { readonly manifest: Manifest; readonly damage?: undefined }
  | { readonly manifest?: undefined; readonly damage: string }
);

const READS_AT_ONCE = 8;

/** Every generation in the store, newest first, and the pointer. */
export async function generations(
  store: ObjectStore,
): Promise<{ readonly pointer: Pointer | undefined; readonly list: readonly Generation[] }> {
  const pointer = (await readPointer(store))?.pointer;
  const list: Generation[] = [];
  const listed = [...(await listManifests(store))].reverse();
  await forEachAtMost(READS_AT_ONCE, listed.entries(), async ([i, { ref }]) => {
    const head = { generation: ref.generation, live: pointer?.manifest.sha256 === ref.sha256 };
    list[i] = { ...head, ...(await manifestOrDamage(store, ref)) };
  });
  return { pointer, list };
}

async function manifestOrDamage(store: ObjectStore, ref: ManifestRef) {
  try {
    return { manifest: await readManifest(store, ref) };
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    return { damage: error.message };
  }
}

export interface ShownBody {
  readonly key: string;
  readonly value: unknown;
}

/** A generation's manifest and its resources by key. */
export async function show(
  store: ObjectStore,
  generation: number,
): Promise<{ readonly manifest: Manifest; readonly resources: readonly ShownBody[] }> {
  const manifest = await manifestOf(store, generation);
  const resources: ShownBody[] = [];
  const read = (ref: ChunkRef) => readChunk(store, ref);
  for await (const ref of leavesOf(manifest.bodies, read)) {
    const chunk = new BodyChunk(await read(ref), chunkName(ref));
    for (const body of chunk.bodies()) if (isResource(body.key)) resources.push(body);
  }
  return { manifest, resources: resources.sort((a, b) => (a.key < b.key ? -1 : 1)) };
}

/** FORMAT.md 11: not all that lies among the bodies is one. */
function isResource(key: string): boolean {
  return parseResourceKey(key).is === "resource";
}

/**
 * Publishes the content of `generation` as a new generation and holds there (FORMAT.md 8.5). Every chunk
 * is read and verified first and written again, so that collection cannot take it away meanwhile.
 */
export async function rollback(
  options: PublisherOptions,
  generation: number,
): Promise<{ readonly generation: number; readonly repeats: number }> {
  const { store, clock } = options;
  const manifest = await manifestOf(store, generation);
  const fresh = new Map<string, () => Promise<Uint8Array>>();
  const read = (ref: ChunkRef) => readChunk(store, ref);
  for await (const ref of chunksOf(manifest, read)) fresh.set(ref.sha256, () => read(ref));
  // All of them before anything is written: a generation that is not whole is no use to go back to.
  await forEachAtMost(READS_AT_ONCE, fresh.values(), async (chunk) => void (await chunk()));
  const { router, index, bodies, globalRules, counts, checked } = manifest;
  const content = { router, index, bodies, globalRules, counts, checked };
  const snapshot = { content, digest: manifest.content, fresh, confirm: () => undefined };
  const publisher = new Publisher(options);
  for (;;) {
    const live = await publisher.refresh();
    if (!live)
      throw new OperationError("nothing has been published yet, so there is nothing to roll back");
    const hold = {
      since: new Date(clock.now()).toISOString(),
      reason: `rollback to generation ${generation}`,
      superseded: live.pointer.hold?.superseded ?? live.pointer.manifest,
    };
    const answer = await publisher.publish({
      snapshot,
      source: manifest.source,
      rollback: { repeats: manifest.repeats ?? generation, hold },
    });
    if (answer.outcome !== "published") continue;
    await publisher.writeMissing(snapshot);
    return { generation: answer.generation, repeats: generation };
  }
}

/** Takes the hold out; what etcd holds is published by the exporter. False: there was no hold. */
export function resume(options: PublisherOptions): Promise<boolean> {
  return new Publisher(options).resume();
}

/** What is live now. Throws `OperationError` where nothing has been published. */
export async function liveManifest(store: ObjectStore): Promise<Manifest> {
  const held = await readPointer(store);
  if (held) return readManifest(store, held.pointer.manifest);
  throw new OperationError("nothing has been published yet; see `snapgate publish`");
}

/** Throws `OperationError` where the store does not keep that generation. */
export async function manifestOf(store: ObjectStore, generation: number): Promise<Manifest> {
  const all = await listManifests(store);
  const found = all.filter(({ ref }) => ref.generation === generation);
  const live = (await readPointer(store))?.pointer.manifest.sha256;
  const chosen = found.find(({ ref }) => ref.sha256 === live) ?? found[0];
  if (chosen) return readManifest(store, chosen.ref);
  const range =
    all.length === 0 ? "none" : `${all[0]?.ref.generation} to ${all.at(-1)?.ref.generation}`;
  throw new OperationError(
    `there is no generation ${generation} in the store (kept: ${range}; see \`snapgate generations\`)`,
  );
}
