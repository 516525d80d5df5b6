import { BalancerPool } from "../../edge/balancer/balancer-pool.ts";
import { ActiveVerdicts } from "../../edge/health/active-verdicts.ts";
import { ChunkCache } from "../../edge/snapshot/chunk-cache.ts";
import { OpenSnapshot } from "../../edge/snapshot/open-snapshot.ts";
import { checkIndexChunk } from "../../shared/routing/check-index-chunk.ts";
import type { Facts } from "../../shared/routing/facts.ts";
import { decodeManifest, encodeManifest } from "../../shared/snapshot/codec.ts";
import { type ChunkRef, chunkName } from "../../shared/snapshot/format.ts";
import { openChunk } from "../../shared/snapshot/open-chunk.ts";
import { chainBuilder } from "../../test/support/plugin-deps.ts";
import { type UnpackedIndex, unpackIndex } from "./packed-index.ts";
import { makeTable, resourceOf } from "./route-table.ts";
import type { TableSpec } from "./stand.ts";

/**
 * An actor that opens a table. First it takes it into memory, as bytes of an index or as the text of a
 * JSON; `open` goes from there to the first match, or through `JSON.parse`.
 */
export type OpeningCall =
  | { readonly is: "take index" }
  | { readonly is: "take JSON"; readonly spec: TableSpec }
  | { readonly is: "nothing" }
  | { readonly is: "open"; readonly times: number };

export function open() {
  let openTable: () => unknown;
  return async (call: OpeningCall, packed: Uint8Array): Promise<unknown> => {
    switch (call.is) {
      case "take index": {
        const index = unpackIndex(packed);
        const manifest = manifestOf(index);
        openTable = () => openAndMatch(manifest, index);
        return packed.length;
      }
      case "take JSON": {
        const { kind, size, seed } = call.spec;
        const json = JSON.stringify(
          makeTable(kind, size, seed).map((route, i) => resourceOf(route, i)),
        );
        openTable = () => JSON.parse(json).length;
        return json.length;
      }
      case "nothing":
        return null;
      case "open": {
        let opened: unknown;
        for (let i = 0; i < call.times; i++) opened = await openTable();
        return opened;
      }
    }
  };
}

const GENERATION = 1;
/** As `edge/snapshot/loader.ts` has it. */
const CHUNKS_PER_REFRESH = 24;
const FACTS: Facts = {
  method: "GET",
  uri: "/invoice-export/v1/orders/1000001/items/7",
  host: "api.account0.example",
  hostHeader: "api.account0.example",
  remoteAddr: "203.0.113.7",
  variables: { get: () => undefined },
};

function manifestOf({ router, root }: UnpackedIndex): Uint8Array {
  return encodeManifest({
    format: 1,
    namespace: "default",
    generation: GENERATION,
    createdAt: "2026-11-25T00:00:00.000Z",
    source: { clusterId: "1", revision: 1 },
    content: root.sha256,
    router,
    index: root,
    bodies: null,
    globalRules: [],
    counts: {},
  });
}

/**
 * What the loader does, but for reading and SHA-256: root and as many more chunks as one refresh reads
 * are opened before the first request, every other when a match comes to it.
 */
async function openAndMatch(bytes: Uint8Array, index: UnpackedIndex): Promise<string | undefined> {
  const ref = { generation: GENERATION, sha256: index.root.sha256, length: bytes.length };
  const manifest = decodeManifest(bytes, ref, "the manifest");
  const chunks = new ChunkCache(Number.POSITIVE_INFINITY);
  const read = (wanted: ChunkRef) => {
    const name = chunkName(wanted);
    const chunk = openChunk(index.bytes.get(wanted.sha256) as Uint8Array, name);
    chunks.set(wanted.sha256, chunk, wanted.length);
    return chunk;
  };
  const now = () => 0;
  const verdicts = new ActiveVerdicts(now);
  const snapshot = new OpenSnapshot(manifest, {
    balancers: new BalancerPool({ now, random: () => 0, verdicts }),
    chains: chainBuilder(),
    chunks,
    readChunk: async (wanted) => read(wanted),
  });
  checkIndexChunk(manifest.router, read(index.root), index.root);
  for (let before = 0; before < chunks.size; ) {
    before = chunks.size;
    const ahead: ChunkRef[] = [];
    for (const wanted of snapshot.missing()) {
      if (before + ahead.length === CHUNKS_PER_REFRESH) break;
      ahead.push(wanted);
    }
    for (const wanted of ahead) read(wanted);
  }
  return (await snapshot.match(FACTS))?.routeId;
}
