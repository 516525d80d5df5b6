/** The greatest number that divides all `weights`; 0 where all of them are 0. */
export function commonDivisor(weights: readonly number[]): number {
  return weights.reduce(greatestOfTwo, 0);
}

function greatestOfTwo(a: number, b: number): number {
  return b === 0 ? a : greatestOfTwo(b, a % b);
}
