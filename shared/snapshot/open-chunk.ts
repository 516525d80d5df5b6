import { RoutePage } from "../routing/route-page.ts";
import { PAGE_MAGIC } from "../routing/route-page-layout.ts";
import { BODY_MAGIC, BodyChunk } from "./body-chunk.ts";
import { BranchChunk } from "./branch-chunk.ts";
import { BRANCH_MAGIC } from "./branch-layout.ts";
import { SnapshotError } from "./errors.ts";
import { u32At } from "./little-endian.ts";

export type Chunk = BodyChunk | BranchChunk | RoutePage;

/** Opens a chunk by what it begins with; `name` is its own, for errors. Throws `corrupt`. */
export function openChunk(bytes: Uint8Array, name: string): Chunk {
  if (bytes.length < 4) throw new SnapshotError("corrupt", name, `${bytes.length} bytes`);
  const magic = u32At(bytes, 0);
  if (magic === BRANCH_MAGIC) return new BranchChunk(bytes, name);
  if (magic === PAGE_MAGIC) return new RoutePage(bytes, name);
  if (magic === BODY_MAGIC) return new BodyChunk(bytes, name);
  throw new SnapshotError("corrupt", name, "it begins as no chunk that this reader knows");
}
