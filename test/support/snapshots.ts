import { type KindName, resourceKey } from "../../shared/resources/resource-key.ts";
import type { IndexedRoute } from "../../shared/routing/route-entry.ts";
import { RouteTree } from "../../shared/routing/route-tree.ts";
import type { Body } from "../../shared/snapshot/body-chunk.ts";
import { type BodyChange, BodyTree } from "../../shared/snapshot/body-tree.ts";
import { contentDigest, encodeManifest, encodePointer } from "../../shared/snapshot/codec.ts";
import { sha256Hex } from "../../shared/snapshot/digest.ts";
import {
  chunkName,
  type Manifest,
  type ManifestRef,
  manifestName,
  POINTER_NAME,
  type Pointer,
  type RouterName,
} from "../../shared/snapshot/format.ts";
import {
  heldIdentities,
  referencesBody,
  referencesKey,
  valueBody,
  valueKey,
} from "../../shared/snapshot/identities.ts";
import { type FreshChunks, TreeChunks } from "../../shared/snapshot/tree-chunks.ts";

/** Snapshots for tests of the edge, made by the shared code alone; runs in workerd too. */

/** Values by kind and id, as the exporter would have normalised them. */
export type World = Partial<Readonly<Record<KindName, Readonly<Record<string, object>>>>>;

export interface SnapshotOptions {
  readonly generation: number;
  /** About the most bytes of a body chunk; the format's where it is left out. */
  readonly bodyLimit?: number;
  readonly router?: RouterName;
  /** How many upstreams have active health checks. */
  readonly checked?: number;
}

export interface WrittenSnapshot {
  readonly manifest: Manifest;
  readonly ref: ManifestRef;
  /** Every object by its name below the namespace, the pointer included. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
}

export async function makeSnapshot(
  world: World,
  options: SnapshotOptions,
): Promise<WrittenSnapshot> {
  const { generation, bodyLimit, checked, router = "radixtree_host_uri" } = options;
  const objects = new Map<string, Uint8Array>();
  const chunks: FreshChunks = new Map();
  const routes = new RouteTree(router);
  routes.apply(indexed(world).map((route) => [route.id, route] as const));
  const bodyTree = new BodyTree(bodyLimit);
  bodyTree.apply([...bodiesOf(world), ...(await identitiesOf(world))]);
  const none = new Set<string>();
  const { root: index } = await new TreeChunks(routes.codec).write(routes.root, none, chunks);
  const { root: bodies } = await new TreeChunks(bodyTree.codec).write(bodyTree.root, none, chunks);
  for (const [sha256, bytes] of chunks) objects.set(chunkName({ sha256 }), bytes());
  const globalRules = Object.keys(world.global_rules ?? {}).sort();
  const content = { router, index, bodies, globalRules, counts: {} };
  const manifest: Manifest = {
    format: 1,
    namespace: "default",
    generation,
    createdAt: "2026-01-01T00:00:00.000Z",
    source: { clusterId: "1", revision: generation * 10 },
    content: await contentDigest(content),
    ...content,
    ...(checked === undefined ? {} : { checked }),
  };
  const bytes = encodeManifest(manifest);
  const ref = { generation, sha256: await sha256Hex(bytes), length: bytes.length };
  objects.set(manifestName(ref), bytes);
  objects.set(POINTER_NAME, pointerTo(ref));
  return { manifest, ref, objects };
}

export function pointerTo(manifest: ManifestRef, change: Partial<Pointer> = {}): Uint8Array {
  return encodePointer({
    format: 1,
    namespace: "default",
    manifest,
    movedAt: "2026-01-01T00:00:00.000Z",
    movedBy: "a test",
    ...change,
  });
}

/** A round-robin upstream as the exporter normalises it; `nodes` are `host:port`. */
export function anUpstream(nodes: readonly string[], change: object = {}): object {
  return {
    type: "roundrobin",
    scheme: "http",
    pass_host: "pass",
    hash_on: "vars",
    nodes: nodes.map((node) => {
      const [host, port] = node.split(":");
      return { host, port: Number(port), weight: 1, priority: 0 };
    }),
    ...change,
  };
}

export function aRoute(id: string, change: object = {}): object {
  return { id, uri: `/${id}`, priority: 0, status: 1, ...change };
}

function indexed(world: World): IndexedRoute[] {
  return Object.entries(world.routes ?? {}).map(([id, value]) => {
    const route = value as Partial<IndexedRoute> & { readonly uri?: string };
    return {
      id,
      uris: route.uris ?? [route.uri as string],
      hosts: route.hosts ?? [],
      methods: route.methods ?? [],
      priority: 0,
      remoteAddrs: [],
      vars: route.vars,
    };
  });
}

function* bodiesOf(world: World): Generator<BodyChange> {
  for (const [key, value] of valuesOf(world)) {
    const json = JSON.stringify({ value, modRevision: 1 });
    yield [key, { key, json, length: json.length }];
  }
}

/** FORMAT.md 11, all at once; the exporter keeps them up change by change. */
async function identitiesOf(world: World): Promise<BodyChange[]> {
  const holders = new Map<string, string[]>();
  const references = new Map<string, Map<string, string>>();
  const { consumers, credentials } = world;
  for (const [holder, { plugins }] of valuesOf({ consumers, credentials })) {
    for (const { plugin, value, isReference } of heldIdentities(plugins)) {
      const entry = referencesKey(plugin);
      const all = references.get(entry) ?? new Map();
      if (isReference) references.set(entry, all.set(holder, value));
      else {
        const key = valueKey(plugin, await sha256Hex(new TextEncoder().encode(value)));
        holders.set(key, [...(holders.get(key) ?? []), holder]);
      }
    }
  }
  const bodies: Body[] = [];
  for (const [key, all] of holders) bodies.push(valueBody(key, all));
  for (const [key, all] of references) bodies.push(referencesBody(key, all));
  return bodies.map((body) => [body.key, body] as const);
}

function* valuesOf(world: { [K in keyof World]: World[K] | undefined }) {
  for (const [kind, values] of Object.entries(world)) {
    for (const [id, value] of Object.entries(values ?? {})) {
      yield [resourceKey(kind as KindName, id), value as { plugins?: unknown }] as const;
    }
  }
}
