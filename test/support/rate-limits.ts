import { env } from "cloudflare:workers";
import type { SharedCounter } from "../../edge/rate-limits/shared-counter.ts";

/** The Durable Objects that the tests' workerd has by wrangler.toml. */
export const { RATE_LIMITS } = env as {
  readonly RATE_LIMITS: DurableObjectNamespace<SharedCounter>;
};

/** Bindings that reach nobody, as when the platform is down. */
export const BROKEN_RATE_LIMITS = {
  idFromName: (name: string) => name,
  get: () => {
    const down = () => Promise.reject(new Error("down"));
    return { count: down, pour: down, enter: down, renew: down, leave: down };
  },
};
