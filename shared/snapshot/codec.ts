import { sha256Hex } from "./digest.ts";
import { SnapshotError } from "./errors.ts";
import {
  type ChunkRef,
  FORMAT,
  MAX_CHUNK_BYTES,
  MAX_MANIFEST_BYTES,
  MAX_POINTER_BYTES,
  type Manifest,
  type ManifestRef,
  POINTER_NAME,
  type Pointer,
  ROUTER_NAMES,
  type SnapshotContent,
} from "./format.ts";

/**
 * Pointer and manifest to bytes and back. The same checks run before writing and after reading, so
 * what one side lets out the other takes in. Unknown fields stay on the decoded value (FORMAT.md 1.2).
 */

export function encodePointer(pointer: Pointer): Uint8Array {
  checkPointer(pointer);
  return encodeJson(pointer, MAX_POINTER_BYTES, POINTER_NAME);
}

export function decodePointer(bytes: Uint8Array): Pointer {
  const value = decodeJson(bytes, MAX_POINTER_BYTES, POINTER_NAME);
  checkPointer(value);
  return value;
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  const name = `manifest of generation ${manifest.generation}`;
  checkManifest(manifest, name);
  return encodeJson(manifest, MAX_MANIFEST_BYTES, name);
}

/** Decodes bytes that `verifyBytes` has already held against `ref`. */
export function decodeManifest(bytes: Uint8Array, ref: ManifestRef, name: string): Manifest {
  const value = decodeJson(bytes, MAX_MANIFEST_BYTES, name);
  checkManifest(value, name);
  if (value.generation !== ref.generation) {
    throw new SnapshotError(
      "corrupt",
      name,
      `it holds generation ${value.generation}, the pointer says ${ref.generation}`,
    );
  }
  return value;
}

/** FORMAT.md 7.1: length, then digest. */
export async function verifyBytes(
  bytes: Uint8Array,
  ref: Pick<ChunkRef, "sha256" | "length">,
  name: string,
): Promise<void> {
  if (bytes.length !== ref.length) {
    throw new SnapshotError("corrupt", name, `${bytes.length} bytes, wanted ${ref.length}`);
  }
  const digest = await sha256Hex(bytes);
  if (digest !== ref.sha256) {
    throw new SnapshotError("corrupt", name, `its SHA-256 is ${digest}, wanted ${ref.sha256}`);
  }
}

/** FORMAT.md 3.2. */
export async function contentDigest(content: SnapshotContent): Promise<string> {
  const { router, index, bodies } = content;
  const chunk = (ref: ChunkRef | null) => (ref ? [ref.sha256, ref.length] : null);
  const text = JSON.stringify([router, chunk(index), chunk(bodies)]);
  return sha256Hex(new TextEncoder().encode(text));
}

function encodeJson(value: object, limitBytes: number, name: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  if (bytes.length > limitBytes) {
    throw new SnapshotError("corrupt", name, `${bytes.length} bytes, the limit is ${limitBytes}`);
  }
  return bytes;
}

function decodeJson(bytes: Uint8Array, limitBytes: number, name: string): unknown {
  if (bytes.length > limitBytes) {
    throw new SnapshotError("corrupt", name, `${bytes.length} bytes, the limit is ${limitBytes}`);
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new SnapshotError("corrupt", name, "it is not JSON", { cause });
  }
}

type Fields = Record<string, unknown>;

function checkPointer(value: unknown): asserts value is Pointer {
  const pointer = checkHead(value, POINTER_NAME);
  checkManifestRef(pointer.manifest, POINTER_NAME, "manifest");
  checkText(pointer.movedAt, POINTER_NAME, "movedAt");
  checkText(pointer.movedBy, POINTER_NAME, "movedBy");
  if (pointer.hold !== undefined) {
    const hold = checkObject(pointer.hold, POINTER_NAME, "hold");
    checkText(hold.since, POINTER_NAME, "hold.since");
    checkText(hold.reason, POINTER_NAME, "hold.reason");
    checkManifestRef(hold.superseded, POINTER_NAME, "hold.superseded");
  }
  if (pointer.fence !== undefined) {
    const fence = checkObject(pointer.fence, POINTER_NAME, "fence");
    checkText(fence.clusterId, POINTER_NAME, "fence.clusterId");
    checkCount(fence.token, POINTER_NAME, "fence.token");
  }
}

function checkManifest(value: unknown, name: string): asserts value is Manifest {
  const manifest = checkHead(value, name);
  checkGeneration(manifest.generation, name, "generation");
  checkText(manifest.createdAt, name, "createdAt");
  const source = checkObject(manifest.source, name, "source");
  checkText(source.clusterId, name, "source.clusterId");
  checkCount(source.revision, name, "source.revision");
  if (manifest.repeats !== undefined) checkGeneration(manifest.repeats, name, "repeats");
  checkSha256(manifest.content, name, "content");
  if (!ROUTER_NAMES.some((router) => router === manifest.router)) {
    throw new SnapshotError("unsupported", name, `router ${JSON.stringify(manifest.router)}`);
  }
  checkTreeRef(manifest.index, name, "index");
  checkTreeRef(manifest.bodies, name, "bodies");
  for (const [i, id] of checkArray(manifest.globalRules, name, "globalRules").entries()) {
    checkText(id, name, `globalRules[${i}]`);
  }
  const counts = checkObject(manifest.counts, name, "counts");
  for (const kind of Object.keys(counts)) checkCount(counts[kind], name, `counts.${kind}`);
  if (manifest.checked !== undefined) checkCount(manifest.checked, name, "checked");
}

function checkHead(value: unknown, name: string): Fields {
  const fields = checkObject(value, name, "the whole");
  if (fields.format !== FORMAT) {
    const found = JSON.stringify(fields.format) ?? "none";
    throw new SnapshotError("unsupported", name, `format ${found}, this reader knows ${FORMAT}`);
  }
  checkText(fields.namespace, name, "namespace");
  return fields;
}

function checkManifestRef(value: unknown, name: string, path: string): void {
  const ref = checkObject(value, name, path);
  checkGeneration(ref.generation, name, `${path}.generation`);
  checkSha256(ref.sha256, name, `${path}.sha256`);
  checkLength(ref.length, MAX_MANIFEST_BYTES, name, `${path}.length`);
}

function checkTreeRef(value: unknown, name: string, path: string): void {
  if (value === null) return;
  const ref = checkObject(value, name, path);
  checkSha256(ref.sha256, name, `${path}.sha256`);
  checkLength(ref.length, MAX_CHUNK_BYTES, name, `${path}.length`);
  if (typeof ref.isBranch !== "boolean") {
    throw wrong(name, `${path}.isBranch`, "true or false", ref.isBranch);
  }
}

function checkObject(value: unknown, name: string, path: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw wrong(name, path, "an object", value);
}

function checkArray(value: unknown, name: string, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(name, path, "an array", value);
}

function checkText(value: unknown, name: string, path: string): void {
  if (typeof value !== "string" || value === "") throw wrong(name, path, "a string", value);
}

function checkSha256(value: unknown, name: string, path: string): void {
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return;
  throw wrong(name, path, "a SHA-256 in hex", value);
}

function checkCount(value: unknown, name: string, path: string): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw wrong(name, path, "a whole number from 0", value);
  }
}

function checkGeneration(value: unknown, name: string, path: string): void {
  checkCount(value, name, path);
  if (value === 0) throw wrong(name, path, "a generation from 1", value);
}

function checkLength(value: unknown, limit: number, name: string, path: string): void {
  checkCount(value, name, path);
  if ((value as number) > limit) throw wrong(name, path, `at most ${limit}`, value);
}

function wrong(name: string, path: string, wanted: string, found: unknown): SnapshotError {
  const shown = JSON.stringify(found)?.slice(0, 80) ?? "nothing";
  return new SnapshotError("corrupt", name, `${path} must be ${wanted}, found ${shown}`);
}
