import type { SnapshotSource } from "../source.ts";

/** An R2 bucket by its binding. `prefix` has its trailing slash. */
export function r2Source(name: string, bucket: R2Bucket, prefix: string): SnapshotSource {
  return {
    name,
    read: async (object) => {
      const held = await bucket.get(prefix + object);
      return held ? new Uint8Array(await held.arrayBuffer()) : undefined;
    },
  };
}
