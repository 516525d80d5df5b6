import type { UpstreamNode } from "../../shared/resources/upstream.ts";

/** One rotation over the nodes of a priority group. */
export interface RoundRobin {
  /** Draws until every node that can be drawn has been yielded once. */
  untried(): Generator<UpstreamNode, undefined>;
}

/**
 * The interleaved weighted rotation of lua-resty-balancer (LVS's): a level falls from the largest weight
 * by the greatest common divisor; at each level every node whose weight reaches it is drawn. Any run of
 * one cycle's length has the exact proportions, wherever it begins.
 */
export function createRoundRobin(nodes: readonly UpstreamNode[], random: () => number): RoundRobin {
  const allZero = nodes.every(({ weight }) => weight === 0);
  const weights = nodes.map(({ weight }) => (allZero ? 1 : weight));
  const highest = Math.max(...weights);
  const step = weights.reduce(greatestCommonDivisor, 0);
  const drawable = weights.filter((weight) => weight > 0).length;
  let level = highest;
  let position = Math.floor(random() * nodes.length);

  const draw = (): number => {
    for (;;) {
      const at = position;
      const isDrawn = (weights[at] as number) >= level;
      position += 1;
      if (position === nodes.length) {
        position = 0;
        level = level - step > 0 ? level - step : highest;
      }
      if (isDrawn) return at;
    }
  };

  return {
    *untried() {
      const tried = new Set<number>();
      while (tried.size < drawable) {
        const at = draw();
        if (tried.has(at)) continue;
        tried.add(at);
        yield nodes[at] as UpstreamNode;
      }
      return undefined;
    },
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
