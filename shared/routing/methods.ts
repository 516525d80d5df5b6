import { METHODS } from "../resources/methods.ts";

/** Set for a route's unknown method, so that the route does not seem to take any method. */
export const NO_KNOWN_METHOD = 1 << 15;

/** INDEX.md 5.2.5: methods by bit. A request's unknown method has no bit. */
const METHOD_BITS: ReadonlyMap<string, number> = new Map(METHODS.map((name, i) => [name, 1 << i]));

const GET = METHOD_BITS.get("GET") as number;

/** 0 for an unknown method. */
export function methodBit(method: string): number {
  // Of most requests: spared the Map.
  if (method === "GET") return GET;
  return METHOD_BITS.get(method) ?? 0;
}
