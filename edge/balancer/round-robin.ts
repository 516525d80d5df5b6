import { commonDivisor } from "./common-divisor.ts";

/** One rotation over items by their weights: nodes of a priority, or whatever else is shared out so. */
export interface RoundRobin<Item> {
  /** Draws until every item that can be drawn has been yielded once; the first is the rotation's choice. */
  untried(): Generator<Item, undefined>;
}

/**
 * Draws of items already tried that one request puts up with, before it takes the next untried one in
 * order: between weights of 1 and 1,000,000 the rotation alone would turn for a million draws.
 */
const MAX_FRUITLESS_DRAWS = 256;

/**
 * The interleaved weighted rotation of lua-resty-balancer (LVS's): a level falls from the largest weight
 * by the greatest common divisor; at each level every item whose weight reaches it is drawn. Any run of
 * one cycle's length has the exact proportions, wherever it begins. Weight 0 is never drawn, unless all are 0:
 * then all are drawn in turn.
 */
export function createRoundRobin<Item extends { readonly weight: number }>(
  items: readonly Item[],
  random: () => number,
): RoundRobin<Item> {
  const allZero = items.every(({ weight }) => weight === 0);
  const weights = items.map(({ weight }) => (allZero ? 1 : weight));
  const highest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  const step = commonDivisor(weights);
  const drawable = weights.filter((weight) => weight > 0).length;
  let { position, level } = randomDraw(weights, step, random);

  const draw = (): number => {
    for (;;) {
      const at = position;
      const isDrawn = (weights[at] as number) >= level;
      position += 1;
      if (position === items.length) {
        position = 0;
        level = level - step > 0 ? level - step : highest;
      }
      if (isDrawn) return at;
    }
  };

  return {
    *untried() {
      const tried = new Set<number>();
      let fruitless = 0;
      while (tried.size < drawable) {
        let at = draw();
        if (tried.has(at)) {
          fruitless += 1;
          if (fruitless < MAX_FRUITLESS_DRAWS) continue;
          at = weights.findIndex((weight, i) => weight > 0 && !tried.has(i));
        }
        tried.add(at);
        yield items[at] as Item;
      }
      return undefined;
    },
  };
}

/**
 * A draw of the cycle, each as likely as any other. Were it only the position that is random, then every
 * new isolate would begin with the heaviest item, and isolates that serve few requests would never leave it.
 */
function randomDraw(weights: readonly number[], step: number, random: () => number) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let left = random() * total;
  const position = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  const drawn = Math.max(position, 0);
  const levels = (weights[drawn] as number) / step;
  return { position: drawn, level: step * (1 + Math.floor(random() * levels)) };
}
