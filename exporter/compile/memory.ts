import type { Resource } from "../../shared/resources/resource.ts";
import { parseResourceKey } from "../../shared/resources/resource-key.ts";
import { BodyChunk } from "../../shared/snapshot/body-chunk.ts";
import { type ChunkRef, chunkName, type Manifest } from "../../shared/snapshot/format.ts";

/**
 * Every resource of a published generation, by key below the prefix: the memory of last valid values
 * (invariant 5). `readChunk` verifies what it reads.
 */
export async function readResources(
  manifest: Pick<Manifest, "bodies">,
  readChunk: (ref: ChunkRef) => Promise<Uint8Array>,
): Promise<Map<string, Resource>> {
  const resources = new Map<string, Resource>();
  for (const ref of manifest.bodies) {
    if (!ref) continue;
    const chunk = new BodyChunk(await readChunk(ref), chunkName(ref));
    for (const { key, value: body } of chunk.bodies()) {
      const parsed = parseResourceKey(key);
      if (parsed.is !== "resource") continue;
      const { value, modRevision } = body as Pick<Resource, "value" | "modRevision">;
      resources.set(key, { key, kind: parsed.kind, id: parsed.id, modRevision, value });
    }
  }
  return resources;
}
