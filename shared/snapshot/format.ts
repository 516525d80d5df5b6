/**
 * The wire format: what lies in the object store and how it refers to itself. FORMAT.md beside this
 * file is the specification; numbers in comments cite its sections.
 */

/** FORMAT.md 1. Readers refuse any other number. */
export const FORMAT = 1;

/** FORMAT.md 6. Readers refuse larger objects before they decode them. */
export const MAX_POINTER_BYTES = 64 * 1024;
export const MAX_MANIFEST_BYTES = 16 * 1024 * 1024;
export const MAX_CHUNK_BYTES = 64 * 1024 * 1024;

/** FORMAT.md 5.1.6: more branches above a chunk than any snapshot has. */
export const MAX_BRANCH_DEPTH = 16;

export type RouterName = "radixtree_host_uri" | "radixtree_uri" | "radixtree_uri_with_parameter";

export const ROUTER_NAMES: readonly RouterName[] = [
  "radixtree_host_uri",
  "radixtree_uri",
  "radixtree_uri_with_parameter",
];

/** Where the configuration came from. `clusterId` is etcd's, in decimal; a file source has its own. */
export interface SourcePosition {
  readonly clusterId: string;
  readonly revision: number;
}

/** FORMAT.md 4: an immutable chunk, named by its digest. */
export interface ChunkRef {
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  /** Bytes. */
  readonly length: number;
}

/** FORMAT.md 5.1: the chunk at the top of a tree of chunks, or of a part of it. */
export interface TreeRef extends ChunkRef {
  /** Whether it names further chunks, or holds entries itself. */
  readonly isBranch: boolean;
}

/** FORMAT.md 3: an immutable manifest, as the pointer refers to it. */
export interface ManifestRef {
  readonly generation: number;
  readonly sha256: string;
  readonly length: number;
}

/**
 * FORMAT.md 2.2: the published generation stays as it is until an operator resumes, whatever the
 * source says meanwhile.
 */
export interface Hold {
  /** ISO 8601, UTC. */
  readonly since: string;
  /** For a person, e.g. `rollback to generation 40`. */
  readonly reason: string;
  /** The generation that was live when the hold began: the memory of last valid values. */
  readonly superseded: ManifestRef;
}

/** FORMAT.md 2.3: who may move the pointer; a later leader of the same cluster has a larger token. */
export interface Fence {
  readonly clusterId: string;
  readonly token: number;
}

/** FORMAT.md 2: the only mutable object. */
export interface Pointer {
  readonly format: number;
  readonly namespace: string;
  readonly manifest: ManifestRef;
  readonly hold?: Hold | undefined;
  readonly fence?: Fence | undefined;
  /** ISO 8601, UTC. */
  readonly movedAt: string;
  /** Who moved it, for a person: host name and process id, or `snapgate rollback`. */
  readonly movedBy: string;
}

/** FORMAT.md 3: one generation. */
export interface Manifest {
  readonly format: number;
  readonly namespace: string;
  readonly generation: number;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly source: SourcePosition;
  /** The generation whose content this one repeats, where it is a rollback. */
  readonly repeats?: number | undefined;
  /** FORMAT.md 3.2: SHA-256 over router and chunk references; equal content has equal digest. */
  readonly content: string;
  readonly router: RouterName;
  /** FORMAT.md 5.2: the route index; null where no route can match. */
  readonly index: TreeRef | null;
  /** FORMAT.md 5.3: every resource, by key; null where there is none. */
  readonly bodies: TreeRef | null;
  /** FORMAT.md 5.4: ids of the global rules, since every request needs them. */
  readonly globalRules: readonly string[];
  /** Resources by directory, e.g. `{ routes: 999, upstreams: 3 }`. */
  readonly counts: Readonly<Record<string, number>>;
  /** FORMAT.md 3.5: resources whose upstream has active health checks; absent: none. */
  readonly checked?: number | undefined;
}

/** What two snapshots must share to be the same to every reader. */
export type SnapshotContent = Pick<
  Manifest,
  "router" | "index" | "bodies" | "globalRules" | "counts" | "checked"
>;

export const POINTER_NAME = "pointers/stable.json";

/** Generations are padded so that a listing of the bucket is in order. */
export function manifestName(ref: Pick<ManifestRef, "generation" | "sha256">): string {
  return `manifests/${String(ref.generation).padStart(16, "0")}-${ref.sha256}.json`;
}

/** The reference that a manifest's object name holds, without its length; undefined for other names. */
export function parseManifestName(
  name: string,
): { readonly generation: number; readonly sha256: string } | undefined {
  const match = /^manifests\/(\d{16})-([0-9a-f]{64})\.json$/.exec(name);
  return match ? { generation: Number(match[1]), sha256: match[2] as string } : undefined;
}

export function chunkName(ref: Pick<ChunkRef, "sha256">): string {
  return `chunks/${ref.sha256}`;
}
