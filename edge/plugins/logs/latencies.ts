import type { Exchange } from "../exchange.ts";
import type { Outcome } from "../outcome.ts";

/** Milliseconds that a request took, and whose they were. */
export interface Latencies {
  readonly whole: number;
  /** Undefined: no node was asked. */
  readonly upstream: number | undefined;
  readonly apisix: number;
}

export function latenciesOf(exchange: Exchange, { endedAt }: Outcome): Latencies {
  const whole = endedAt - exchange.startedAt;
  const times = exchange.attemptTimes;
  const upstream = times.length === 0 ? undefined : times.reduce((sum, ms) => sum + ms, 0);
  return { whole, upstream, apisix: Math.max(0, whole - (upstream ?? 0)) };
}
