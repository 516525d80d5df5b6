import type { Exchange } from "../exchange.ts";

const picked = new WeakMap<Exchange, string>();

/** A proxy tells which instance it will ask; limits of tokens are by its name. */
export function pickInstance(exchange: Exchange, name: string): void {
  picked.set(exchange, name);
  // As in APISIX, where it stands for the node's address.
  exchange.setVariable("balancer_ip", name);
}

export function pickedInstance(exchange: Exchange): string | undefined {
  return picked.get(exchange);
}
