import type { Resource } from "../../shared/resources/resource.ts";
import { parseResourceKey } from "../../shared/resources/resource-key.ts";
import { BodyChunk } from "../../shared/snapshot/body-chunk.ts";
import { chunkName, type Manifest } from "../../shared/snapshot/format.ts";
import { leavesOf, type ReadChunk } from "../../shared/snapshot/read-tree.ts";

/**
 * Every resource of a published generation, by key below the prefix. `readChunk` verifies what it reads.
 */
export async function readResources(
  manifest: Pick<Manifest, "bodies">,
  readChunk: ReadChunk,
): Promise<Map<string, Resource>> {
  const resources = new Map<string, Resource>();
  for await (const ref of leavesOf(manifest.bodies, readChunk)) {
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
