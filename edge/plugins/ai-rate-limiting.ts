import type { Policy } from "../rate-limits/policy.ts";
import { pickedInstance } from "./ai/picked-instance.ts";
import { limitTokens } from "./ai/token-limit.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import type { Rejection } from "./limit-rejection.ts";
import { ConfigurationRefused, definePlugin, type PluginSite } from "./plugin.ts";
import { type Quota, type QuotaConfiguration, Quotas } from "./quota.ts";

interface TokenQuota {
  readonly limit: number | string;
  /** Seconds. */
  readonly time_window: number | string;
}

interface AiRateLimitingConfiguration extends Partial<TokenQuota>, Rejection {
  readonly instances?: readonly (TokenQuota & { readonly name: string })[];
  readonly rules?: NonNullable<QuotaConfiguration["rules"]>;
  readonly limit_strategy: "total_tokens" | "prompt_tokens" | "completion_tokens" | "expression";
  readonly policy: Policy;
  readonly allow_degradation: boolean;
  readonly show_limit_quota_header: boolean;
}

/**
 * `ai-rate-limiting`: so many tokens of language models in a span of time. What an answer took is known when
 * it is over, so the request that goes beyond the limit still passes (reference 8.8).
 */
export const aiRateLimiting = definePlugin<AiRateLimitingConfiguration>((deps) => {
  const quotas = new Quotas("ai-rate-limiting", deps);
  return {
    async build(configuration, site) {
      const { limit_strategy: strategy } = configuration;
      if (strategy === "expression") {
        throw new ConfigurationRefused("limit_strategy: the edge does not evaluate a cost_expr");
      }
      // Whatever the instance, so that a policy that cannot be is told now.
      for (const name of ["", ...(configuration.instances ?? []).map((each) => each.name)]) {
        await open(quotas, name, configuration, site);
      }
      const known = new Map<string, Promise<Quota> | undefined>();
      const quotaOf = (instance: string) => {
        if (!known.has(instance)) known.set(instance, open(quotas, instance, configuration, site));
        return known.get(instance);
      };
      const ask = async (exchange: Exchange, instance: string): Promise<Exit | undefined> =>
        (await quotaOf(instance))?.(exchange, 1, "ask");
      return {
        async rewrite(exchange) {
          limitTokens(exchange, async (instance) => !(await ask(exchange, instance)));
          return undefined;
        },
        async access(exchange) {
          const instance = pickedInstance(exchange);
          return instance === undefined ? undefined : ask(exchange, instance);
        },
        async log(exchange) {
          const instance = pickedInstance(exchange);
          const tokens = Number(exchange.variables.get(`llm_${strategy}`) ?? 0);
          if (instance === undefined || !(tokens > 0)) return;
          await (await quotaOf(instance))?.(exchange, tokens, "charge");
        },
      };
    },
  };
});

/** What no header's name can hold. */
const NOT_IN_A_NAME = /[^\w!#$%&'*+\-.^`|~]/g;

/** The quota of an instance; undefined: it has none. Throws `ConfigurationRefused`. */
function open(
  quotas: Quotas,
  instance: string,
  configuration: AiRateLimitingConfiguration,
  site: PluginSite,
): Promise<Quota> | undefined {
  const { rules, instances = [], limit, time_window, limit_strategy: _, ...rest } = configuration;
  const own = instances.findLast(({ name }) => name === instance);
  const shared =
    limit !== undefined && time_window !== undefined ? { limit, time_window } : undefined;
  const quota = own ?? shared;
  if (!rules && !quota) return undefined;
  const counting: QuotaConfiguration = {
    ...rest,
    // All instances without a quota of their own share one.
    key: own ? instance : "ai-rate-limiting#global",
    key_type: "constant",
    window_type: "fixed",
    sync_interval: -1,
    ...(rules ? { rules } : {}),
    ...(!rules && quota ? { count: quota.limit, time_window: quota.time_window } : {}),
  };
  // Rules tell themselves apart.
  const behind = rules ? "" : `-${instance.replaceAll(NOT_IN_A_NAME, "_")}`;
  const metadata = {
    limit_header: `X-AI-RateLimit-Limit${behind}`,
    remaining_header: `X-AI-RateLimit-Remaining${behind}`,
    reset_header: `X-AI-RateLimit-Reset${behind}`,
  };
  return quotas.open(counting, { ...site, metadata });
}
