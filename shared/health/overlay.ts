import { isJsonObject } from "../json-object.ts";
import { SnapshotError } from "../snapshot/errors.ts";

/**
 * What active health checks have found, as one small mutable object beside the pointer (FORMAT.md 10): an
 * edge leaves out a node that is known dead within its refresh interval, without a new generation. It is a
 * hint and nothing more: where it is missing, stale or damaged, every node counts as healthy.
 */
export interface HealthOverlay {
  readonly format: 1;
  readonly namespace: string;
  /** ISO 8601, UTC. */
  readonly writtenAt: string;
  /** Who wrote it, for a person. */
  readonly writtenBy: string;
  /** How long after `writtenAt` it may be believed. */
  readonly validSeconds: number;
  /** By the key of the resource that holds the upstream (`upstreams/1`): `host:port` of its dead nodes. */
  readonly down: Readonly<Record<string, readonly string[]>>;
  /** Keys of resources whose checks are left to the edge's scheduled job. */
  readonly leftToEdge: readonly string[];
}

/** The leading exporter writes the one, the edge's scheduled job the other. */
export const HEALTH_OVERLAY_NAMES = {
  exporter: "health/exporter.json",
  edge: "health/edge.json",
} as const;

export const MAX_OVERLAY_BYTES = 1024 * 1024;

/** Throws `SnapshotError` where it is too long. */
export function encodeOverlay(overlay: HealthOverlay): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(overlay));
  if (bytes.length > MAX_OVERLAY_BYTES) {
    throw new SnapshotError("corrupt", "health overlay", `${bytes.length} bytes are too many`);
  }
  return bytes;
}

/** Throws `SnapshotError`. Unknown fields stay (FORMAT.md 1.2). */
export function decodeOverlay(bytes: Uint8Array, name: string): HealthOverlay {
  if (bytes.length > MAX_OVERLAY_BYTES) {
    throw new SnapshotError("corrupt", name, `${bytes.length} bytes are too many`);
  }
  const value = parse(bytes, name);
  if (!isJsonObject(value)) throw new SnapshotError("corrupt", name, "not an object");
  if (value.format !== 1) {
    throw new SnapshotError("unsupported", name, `format ${JSON.stringify(value.format)}`);
  }
  const isRight =
    typeof value.namespace === "string" &&
    typeof value.writtenAt === "string" &&
    !Number.isNaN(Date.parse(value.writtenAt)) &&
    typeof value.writtenBy === "string" &&
    typeof value.validSeconds === "number" &&
    isJsonObject(value.down) &&
    Object.values(value.down).every(areTexts) &&
    areTexts(value.leftToEdge);
  if (!isRight) throw new SnapshotError("corrupt", name, "a field is missing or of another type");
  return value as object as HealthOverlay;
}

function parse(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new SnapshotError("corrupt", name, "not JSON", { cause });
  }
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}
