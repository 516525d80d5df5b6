import type { Exchange } from "../exchange.ts";

/** Whether an instance may be asked, as far as its tokens go. */
export type TokenLimit = (instance: string) => Promise<boolean>;

const limits = new WeakMap<Exchange, TokenLimit>();

/** `ai-rate-limiting`, which runs behind the proxies, tells them beforehand whom it would turn away. */
export function limitTokens(exchange: Exchange, limit: TokenLimit): void {
  limits.set(exchange, limit);
}

/** True where nothing limits them. */
export async function hasTokensLeft(exchange: Exchange, instance: string): Promise<boolean> {
  const limit = limits.get(exchange);
  return !limit || limit(instance);
}
