import { configurationHash, counterIdentity } from "../rate-limits/identity.ts";
import { CountersByPolicy, type Policy } from "../rate-limits/policy.ts";
import { delay } from "./delay.ts";
import { type LimitKey, limitKey } from "./limit-key.ts";
import { type Rejection, rejected } from "./limit-rejection.ts";
import { definePlugin } from "./plugin.ts";

interface LimitReqConfiguration extends LimitKey, Rejection {
  /** Requests a second. */
  readonly rate: number;
  /** So many more, which wait for their turn. */
  readonly burst: number;
  readonly nodelay: boolean;
  readonly policy: Policy;
  readonly allow_degradation: boolean;
}

/** `limit-req`: a leaky bucket, which spreads requests evenly (reference 8.5). */
export const limitReq = definePlugin<LimitReqConfiguration>((deps) => {
  const byPolicy = new CountersByPolicy(deps);
  return {
    async build(configuration, { definedBy }) {
      const { rate, burst, nodelay, policy, allow_degradation: mayDegrade } = configuration;
      const counters = byPolicy.of(policy);
      const hash = await configurationHash(configuration);
      return {
        async access({ variables }) {
          const key = limitKey(configuration, variables);
          const identity = await counterIdentity("limit-req", definedBy, hash, key);
          const asked = counters.pour(identity, { rate, burst });
          const verdict = await asked.catch((error: unknown) => {
            deps.log(`limit-req: the counter ${identity} cannot be asked: ${error}`);
            return undefined;
          });
          if (!verdict) return mayDegrade ? undefined : { status: 500 };
          if (!verdict.passes) return rejected(configuration);
          if (!nodelay) await delay(deps.timers, verdict.delayMs);
          return undefined;
        },
      };
    },
  };
});
