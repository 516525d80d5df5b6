import { commonDivisor } from "./common-divisor.ts";
import { crc32After, unfinished } from "./crc32.ts";
import type { NodeGroup } from "./node-group.ts";

/**
 * The ring of lua-resty-chash, which is that of nginx's `hash … consistent`: 160 points for each unit of
 * weight, found by a chain of checksums. Nodes keep their points whatever becomes of the others.
 */
export interface HashRing {
  /** How many nodes have a point. */
  readonly nodes: number;
  readonly points: number;
  /** Places in the group of each node with a point, once each, in the order of the ring from `hash` on. */
  from(hash: number): Iterator<number, undefined>;
}

const POINTS_PER_WEIGHT = 160;

/**
 * The most that the weights of a ring, divided by their common divisor, may add up to; 5 MB. APISIX has no
 * such limit: weights of 1,000,000 and 999,999 would cost it 2.5 GB.
 */
export const MAX_RING_WEIGHT = 4096;

/** A point and its node in one exact number, so that sorting the numbers sorts the points. */
const NODES = 2 ** 21;

export function buildRing(group: NodeGroup): HashRing {
  const weights = ringWeights(group.map(({ weight }) => weight));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const points = new Float64Array(total * POINTS_PER_WEIGHT);
  let size = 0;
  for (const [i, { address }] of group.entries()) {
    const state = unfinished(idOf(address));
    const count = (weights[i] as number) * POINTS_PER_WEIGHT;
    for (let hash = 0, made = 0; made < count; made++) {
      hash = crc32After(state, hash);
      points[size++] = hash * NODES + i;
    }
  }
  points.sort();
  const nodes = weights.filter((weight) => weight > 0).length;
  return { nodes, points: size, from: (hash) => walk(points, nodes, hash) };
}

function* walk(points: Float64Array, nodes: number, hash: number): Generator<number, undefined> {
  const passed = new Set<number>();
  for (let at = firstFrom(points, hash * NODES); passed.size < nodes; at++) {
    const node = (points[at % points.length] as number) % NODES;
    if (passed.has(node)) continue;
    passed.add(node);
    yield node;
  }
  return undefined;
}

/** The place of the first number that is not below `least`; the length where all are. */
function firstFrom(sorted: Float64Array, least: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Every colon of `host:port` becomes a NUL, those of an IPv6 address too. */
function idOf(address: string): Uint8Array {
  return new TextEncoder().encode(address.replaceAll(":", "\0"));
}

/** Divided by their greatest common divisor; beyond the limit, in proportion and at least 1. */
export function ringWeights(weights: readonly number[]): number[] {
  const divisor = commonDivisor(weights) || 1;
  const divided = weights.map((weight) => weight / divisor);
  const total = divided.reduce((sum, weight) => sum + weight, 0);
  if (total <= MAX_RING_WEIGHT) return divided;
  const share = MAX_RING_WEIGHT / total;
  return divided.map((weight) => (weight === 0 ? 0 : Math.max(1, Math.floor(weight * share))));
}
