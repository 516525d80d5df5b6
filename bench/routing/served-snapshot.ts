import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import { RouteTree } from "../../shared/routing/route-tree.ts";
import type { Body } from "../../shared/snapshot/body-chunk.ts";
import { BodyTree } from "../../shared/snapshot/body-tree.ts";
import { contentDigest, encodeManifest, encodePointer } from "../../shared/snapshot/codec.ts";
import { sha256Hex } from "../../shared/snapshot/digest.ts";
import { chunkName, manifestName, POINTER_NAME } from "../../shared/snapshot/format.ts";
import { type FreshChunks, TreeChunks } from "../../shared/snapshot/tree-chunks.ts";
import { anUpstream } from "../../test/support/snapshots.ts";
import { indexed } from "./packed-index.ts";
import { ROUTERS, resourceOf, type TableKind, type TableRoute } from "./route-table.ts";

/** A snapshot of a table behind what the edge takes for an S3 endpoint. */
export interface ServedSnapshot {
  readonly endpoint: string;
  readonly chunks: number;
  readonly bytes: { readonly index: number; readonly bodies: number };
  stop(): Promise<void>;
}

export const BUCKET = "snapshots";
const GENERATION = 1;

/** Chunks are encoded when they are asked for: all of a large table at once would not fit. */
export async function serveSnapshot(
  kind: TableKind,
  table: readonly TableRoute[],
  upstreamPort: number,
): Promise<ServedSnapshot> {
  const router = ROUTERS[kind];
  const routes = new RouteTree(router);
  routes.apply(table.map((route): [string, IndexedRoute] => [route.id, indexed(route)]));
  const bodies = new BodyTree();
  // Two nodes, as in the table, but such as can be reached here.
  const upstream = anUpstream([`127.0.0.1:${upstreamPort}`, `localhost:${upstreamPort}`], {
    timeout: { connect: 3, send: 10, read: 10 },
  });
  bodies.apply(table.map((route, i) => bodyOf(route, i, upstream)));
  const fresh: FreshChunks = new Map();
  const none = new Set<string>();
  const { root: index } = await new TreeChunks(routes.codec).write(routes.root, none, fresh);
  const indexChunks = new Set(fresh.keys());
  const { root } = await new TreeChunks(bodies.codec).write(bodies.root, none, fresh);
  const content = { router, index, bodies: root, globalRules: [], counts: {} };
  const manifest = encodeManifest({
    format: 1,
    namespace: "default",
    generation: GENERATION,
    createdAt: "2026-11-25T00:00:00.000Z",
    source: { clusterId: "1", revision: 1 },
    content: await contentDigest(content),
    ...content,
  });
  const ref = {
    generation: GENERATION,
    sha256: await sha256Hex(manifest),
    length: manifest.length,
  };
  const pointer = encodePointer({
    format: 1,
    namespace: "default",
    manifest: ref,
    movedAt: "2026-11-25T00:00:00.000Z",
    movedBy: "a benchmark",
  });
  const objects = new Map<string, () => Uint8Array>([
    [POINTER_NAME, () => pointer],
    [manifestName(ref), () => manifest],
  ]);
  const bytes = { index: 0, bodies: 0 };
  for (const [sha256, encode] of fresh) {
    objects.set(chunkName({ sha256 }), encode);
    bytes[indexChunks.has(sha256) ? "index" : "bodies"] += encode().length;
  }
  const server = await listen(objects);
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    chunks: fresh.size,
    bytes,
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function bodyOf(route: TableRoute, number: number, upstream: object): [string, Body] {
  const key = `routes/${route.id}`;
  const text = () => {
    const value = { ...resourceOf(route, number), plugins: {}, upstream };
    return JSON.stringify({ value, modRevision: number + 1 });
  };
  const { length } = text();
  return [
    key,
    {
      key,
      length,
      get json() {
        return text();
      },
    },
  ];
}

/** `GET /BUCKET/default/NAME`; signatures are not looked at. */
async function listen(objects: ReadonlyMap<string, () => Uint8Array>): Promise<Server> {
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url ?? "").replace(`/${BUCKET}/default/`, "");
    const object = objects.get(name);
    if (object) response.end(object());
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
