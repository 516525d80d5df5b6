import type { IdentifyingPlugin } from "../../shared/plugins/identifying.ts";
import { type MergedGlobalRules, mergeGlobalRules } from "../../shared/resources/merge.ts";
import { globalRefusal } from "../../shared/resources/resolve-route.ts";
import type { Resource, Values } from "../../shared/resources/resource.ts";
import { type KindName, resourceKey } from "../../shared/resources/resource-key.ts";
import type { Facts } from "../../shared/routing/facts.ts";
import { RouteIndex } from "../../shared/routing/route-index.ts";
import type { RouteMatch } from "../../shared/routing/route-match.ts";
import { BodyChunk } from "../../shared/snapshot/body-chunk.ts";
import { soughtKey } from "../../shared/snapshot/body-tree.ts";
import { BranchChunk } from "../../shared/snapshot/branch-chunk.ts";
import { SnapshotError, tooDeep } from "../../shared/snapshot/errors.ts";
import {
  type ChunkRef,
  chunkName,
  MAX_BRANCH_DEPTH,
  type Manifest,
} from "../../shared/snapshot/format.ts";
import { ChunkNeeded } from "../../shared/snapshot/held-chunks.ts";
import type { Chunk } from "../../shared/snapshot/open-chunk.ts";
import { BoundedMap } from "../bounded-map.ts";
import { GatewayError } from "../errors.ts";
import { type Chain, EMPTY_CHAIN } from "../plugins/chain.ts";
import type { ChunkCache } from "./chunk-cache.ts";
import { Identities, type IdentitiesDeps, type Identity, type Sender } from "./identities.ts";
import {
  chainOfConsumer,
  chainSite,
  configurationError,
  type Plan,
  type PlanDeps,
  planRoute,
  refusedError,
  type ServedRoute,
} from "./plan-route.ts";

export type SnapshotDeps = PlanDeps & Pick<IdentitiesDeps, "resolveSecret">;

interface ChunkAccess {
  readonly chunks: ChunkCache;
  /** Into memory, verified. */
  readChunk(ref: ChunkRef): Promise<Chunk>;
}

const PLANS_KEPT = 4_000;
/** A match comes to a few chunks; one that comes to more is losing them as fast as it reads them. */
const CHUNKS_PER_MATCH = 64;

/** One generation, ready to serve: matches in place, decodes a body when it is first needed. */
export class OpenSnapshot {
  readonly manifest: Manifest;
  readonly #index: RouteIndex;
  readonly #deps: SnapshotDeps & ChunkAccess;
  readonly #plans = new BoundedMap<string, Plan>(PLANS_KEPT);
  readonly #consumerChains = new BoundedMap<string, Chain>(PLANS_KEPT);
  readonly #identities: Identities;
  #globalRules: GlobalRules | undefined;

  constructor(manifest: Manifest, deps: SnapshotDeps & ChunkAccess) {
    this.manifest = manifest;
    this.#index = new RouteIndex(manifest.router, manifest.index, deps.chunks);
    this.#deps = deps;
    this.#identities = new Identities({
      entry: (key) => this.#body(key),
      resource: (kind, id) => this.resource(kind, id),
      resolveSecret: deps.resolveSecret,
    });
  }

  get generation(): number {
    return this.manifest.generation;
  }

  /** Throws what evaluating `vars` throws; a promise only where a chunk is to be read first. */
  match(facts: Facts): RouteMatch | undefined | Promise<RouteMatch | undefined> {
    try {
      return this.#index.match(facts);
    } catch (error) {
      if (error instanceof ChunkNeeded) return this.#matchAfter(error.ref, facts);
      throw error;
    }
  }

  /** Refs of chunks that are not in memory, those of the index first; for reading ahead. */
  *missing(): IterableIterator<ChunkRef> {
    yield* this.#index.missing();
    if (this.manifest.bodies) yield* this.#missingBodies(this.manifest.bodies);
  }

  /** What is to be done with a request that this route matches: merged once, then kept. */
  plan(routeId: string): Plan | Promise<Plan> {
    return this.#plans.get(routeId) ?? this.#makePlan(routeId);
  }

  /** What runs for a route's requests once they are one consumer's: built once, then kept. */
  async chainFor(route: ServedRoute, username: string): Promise<Chain> {
    const key = `${route.routeId}\n${username}`;
    const kept = this.#consumerChains.get(key);
    if (kept) return kept;
    const chain = await chainOfConsumer(route, username, this, this.#deps);
    this.#consumerChains.set(key, chain);
    return chain;
  }

  /** Whom the value of an authentication plugin identifies; found once, then kept. */
  identified(plugin: IdentifyingPlugin, value: string): Promise<Identity | undefined> {
    return this.#identities.identified(plugin, value);
  }

  /** For requests without any proof, as by `anonymous_consumer`. */
  consumer(username: string): Promise<Sender | undefined> {
    return this.#identities.consumer(username);
  }

  /** What holds for every request, matched or not. */
  globalRules(): GlobalRules | Promise<GlobalRules> {
    return this.#globalRules ?? this.#readGlobalRules();
  }

  /** Undefined where this generation has no such resource. Throws when its chunk cannot be read. */
  async resource<K extends KindName>(kind: K, id: string): Promise<Resource<K> | undefined> {
    const key = resourceKey(kind, id);
    const body = await this.#body(key);
    if (body === undefined) return undefined;
    const { value, modRevision } = body as Pick<Resource<K>, "value" | "modRevision">;
    return { key, kind, id, modRevision, value };
  }

  async #matchAfter(ref: ChunkRef, facts: Facts): Promise<RouteMatch | undefined> {
    let needed = ref;
    for (let reads = 0; reads < CHUNKS_PER_MATCH; reads++) {
      await this.#deps.readChunk(needed);
      try {
        return this.#index.match(facts);
      } catch (error) {
        if (!(error instanceof ChunkNeeded)) throw error;
        needed = error.ref;
      }
    }
    throw new Error(`one match came to ${CHUNKS_PER_MATCH} chunks; MEMORY_BUDGET_MB is too small`);
  }

  async #body(key: string): Promise<unknown> {
    return (await this.#bodiesAt(key))?.find(key);
  }

  /** The chunk in which the body of `key` lies, if it is anywhere. */
  async #bodiesAt(key: string): Promise<BodyChunk | undefined> {
    const { chunks, readChunk } = this.#deps;
    const sought = soughtKey(key);
    let ref: ChunkRef | null = this.manifest.bodies;
    for (let depth = 0; ref; depth++) {
      const chunk: Chunk = checkBodiesChunk(chunks.get(ref) ?? (await readChunk(ref)), ref);
      if (chunk instanceof BodyChunk) return chunk;
      if (depth === MAX_BRANCH_DEPTH) throw tooDeep(chunkName(ref));
      ref = chunk.ref(chunk.find(sought));
    }
    return undefined;
  }

  *#missingBodies(ref: ChunkRef): IterableIterator<ChunkRef> {
    const chunk = this.#deps.chunks.held(ref)?.chunk;
    if (!chunk) yield ref;
    else if (chunk instanceof BranchChunk) {
      for (const child of chunk.refs()) yield* this.#missingBodies(child);
    }
  }

  async #makePlan(routeId: string): Promise<Plan> {
    const plan = await planRoute(routeId, this, this.#deps);
    this.#plans.set(routeId, plan);
    return plan;
  }

  async #readGlobalRules(): Promise<GlobalRules> {
    const rules: Values["global_rules"][] = [];
    for (const id of this.manifest.globalRules) {
      const rule = await this.resource("global_rules", id);
      if (rule) rules.push(rule.value);
    }
    this.#globalRules = await this.#openGlobalRules(rules);
    return this.#globalRules;
  }

  async #openGlobalRules(rules: readonly Values["global_rules"][]): Promise<GlobalRules> {
    const merged = mergeGlobalRules(rules);
    // Even one that APISIX would not run, since it is there twice, was meant as a guard.
    const refusal = globalRefusal(rules);
    if (refusal) return { merged, chain: EMPTY_CHAIN, refusal: refusedError(refusal) };
    const definedBy = (plugin: string) => {
      const rule = rules.find(({ plugins }) => Object.hasOwn(plugins, plugin));
      return `global_rules/${rule?.id}`;
    };
    try {
      const site = chainSite(definedBy, this, this.#deps);
      return { merged, chain: await this.#deps.chains.build(merged.plugins, site), refusal };
    } catch (error) {
      const told = configurationError("a global rule", error);
      if (!(told instanceof GatewayError)) throw error;
      return { merged, chain: EMPTY_CHAIN, refusal: told };
    }
  }
}

/** The global rules of a generation. */
export interface GlobalRules {
  readonly merged: MergedGlobalRules;
  /** What of them runs, beside that of the route. */
  readonly chain: Chain;
  /** The answer to every request, where a rule has a plugin that the edge must not leave out. */
  readonly refusal: GatewayError | undefined;
}

/** Holds that a chunk of the bodies is one. */
export function checkBodiesChunk(chunk: Chunk, ref: ChunkRef): BodyChunk | BranchChunk {
  if (chunk instanceof BodyChunk || chunk instanceof BranchChunk) return chunk;
  throw new SnapshotError("corrupt", chunkName(ref), "a page of routes among the bodies");
}
