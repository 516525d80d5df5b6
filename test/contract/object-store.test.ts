import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { startEdge } from "../../examples/quick-start/edge.ts";
import { DirectoryStore } from "../../exporter/store/directory-store.ts";
import { S3Store } from "../../exporter/store/s3-store.ts";
import { MemoryStore } from "../support/memory-store.ts";
import { objectStoreContract } from "./object-store.ts";

let folder: string;
let edge: Awaited<ReturnType<typeof startEdge>>;
let opened = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "snapgate-contract-"));
  edge = await startEdge({ port: 0, storePort: 0, bindings: {} });
});
afterAll(async () => {
  await edge.stop();
  rmSync(folder, { recursive: true, force: true });
});

objectStoreContract(
  "memory",
  async () => ({ store: new MemoryStore(), other: new MemoryStore() }),
  { many: 2500 },
);

objectStoreContract(
  "a local directory",
  async () => {
    const root = join(folder, String(++opened));
    const open = (namespace: string) => new DirectoryStore(join(root, namespace));
    return { store: open("one"), other: open("two") };
  },
  { many: 1200 },
);

objectStoreContract(
  "R2 through its S3 endpoint",
  async () => {
    const run = ++opened;
    const open = (namespace: string) =>
      new S3Store({
        ...edge.store,
        region: "auto",
        prefix: `run-${run}/${namespace}/`,
        pathStyle: true,
        checksums: "required",
        unquotedEtags: false,
        timeoutMs: 10_000,
      });
    return { store: open("one"), other: open("two") };
  },
  { many: 1010 },
);
