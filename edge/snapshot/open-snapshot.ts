import type { Resource, Values } from "../../shared/resources/resource.ts";
import { type KindName, resourceKey } from "../../shared/resources/resource-key.ts";
import type { Facts } from "../../shared/routing/facts.ts";
import type { RouteIndex, RouteMatch } from "../../shared/routing/route-index.ts";
import { type BodyChunk, partitionOf } from "../../shared/snapshot/body-chunk.ts";
import type { ChunkRef, Manifest } from "../../shared/snapshot/format.ts";
import type { BalancerPool } from "../balancer/balancer-pool.ts";
import { BoundedMap } from "../bounded-map.ts";
import { type Plan, planRoute } from "./plan-route.ts";

export interface SnapshotDeps {
  readonly balancers: BalancerPool;
}

interface BodyAccess {
  readBody(ref: ChunkRef): Promise<BodyChunk>;
  /** The chunk, where it is in memory. */
  resident(sha256: string): BodyChunk | undefined;
}

const PLANS_KEPT = 10_000;

/** One generation, ready to serve: matches in place, decodes a body when it is first needed. */
export class OpenSnapshot {
  readonly manifest: Manifest;
  /** Every body chunk. */
  readonly bodies: readonly ChunkRef[];
  readonly #index: RouteIndex;
  readonly #deps: SnapshotDeps & BodyAccess;
  readonly #plans = new BoundedMap<string, Plan>(PLANS_KEPT);
  #globalRules: readonly Values["global_rules"][] | undefined;

  constructor(manifest: Manifest, index: RouteIndex, deps: SnapshotDeps & BodyAccess) {
    this.manifest = manifest;
    this.bodies = manifest.bodies.filter((ref) => ref !== null);
    this.#index = index;
    this.#deps = deps;
  }

  get generation(): number {
    return this.manifest.generation;
  }

  match(facts: Facts): RouteMatch | undefined {
    return this.#index.match(facts);
  }

  /** What is to be done with a request that this route matches: merged once, then kept. */
  plan(routeId: string): Plan | Promise<Plan> {
    return this.#plans.get(routeId) ?? this.#makePlan(routeId);
  }

  /** Every global rule, in the order of ids. */
  globalRules(): readonly Values["global_rules"][] | Promise<readonly Values["global_rules"][]> {
    if (this.manifest.globalRules.length === 0) return [];
    return this.#globalRules ?? this.#readGlobalRules();
  }

  /** Undefined where this generation has no such resource. Throws when its chunk cannot be read. */
  async resource<K extends KindName>(kind: K, id: string): Promise<Resource<K> | undefined> {
    const key = resourceKey(kind, id);
    const ref = this.manifest.bodies[partitionOf(key, this.manifest.bodies.length)];
    if (!ref) return undefined;
    const chunk = this.#deps.resident(ref.sha256) ?? (await this.#deps.readBody(ref));
    const body = chunk.find(key);
    if (body === undefined) return undefined;
    const { value, modRevision } = body as Pick<Resource<K>, "value" | "modRevision">;
    return { key, kind, id, modRevision, value };
  }

  async #makePlan(routeId: string): Promise<Plan> {
    const plan = await planRoute(routeId, this, this.#deps.balancers);
    this.#plans.set(routeId, plan);
    return plan;
  }

  async #readGlobalRules(): Promise<readonly Values["global_rules"][]> {
    const rules: Values["global_rules"][] = [];
    for (const id of this.manifest.globalRules) {
      const rule = await this.resource("global_rules", id);
      if (rule) rules.push(rule.value);
    }
    this.#globalRules = rules;
    return rules;
  }
}
