import type { Exchange } from "./exchange.ts";

/** Of the last node that was asked; undefined: none was. */
export function upstreamStatus({ attempts }: Exchange): number | undefined {
  return attempts.at(-1)?.status;
}
