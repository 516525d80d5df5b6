import { numberText } from "../../shared/expression/lua-number.ts";
import type { Variables } from "../../shared/expression/variables.ts";
import { configurationHash, counterIdentity } from "../rate-limits/identity.ts";
import { LateCounts } from "../rate-limits/late-counts.ts";
import { CountersByPolicy, type Policy } from "../rate-limits/policy.ts";
import type { WindowAsk, WindowVerdict } from "../rate-limits/window.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { type KeyedBy, type LimitKey, limitsOf, wholeNumber } from "./limit-key.ts";
import { type Rejection, rejected } from "./limit-rejection.ts";
import { ConfigurationRefused, type PluginDeps, type PluginSite } from "./plugin.ts";

/** What `limit-count` and the plugins that count as it does have in common (reference 8.5). */

export interface QuotaConfiguration extends LimitKey, Rejection {
  /** Left out where there are rules. */
  readonly count?: number | string;
  /** Seconds. */
  readonly time_window?: number | string;
  readonly rules?: readonly QuotaRule[];
  readonly window_type: "fixed" | "sliding";
  /** All who name the same one share a counter. */
  readonly group?: string;
  readonly policy: Policy;
  readonly allow_degradation: boolean;
  readonly show_limit_quota_header: boolean;
  /** Seconds; -1: every request asks the counter itself. */
  readonly sync_interval: number;
}

interface QuotaRule {
  readonly count: number | string;
  readonly time_window: number | string;
  readonly key: string;
  readonly header_prefix?: string;
}

interface HeaderNames {
  readonly limit: string;
  readonly remaining: string;
  readonly reset: string;
}

/** One limit, as it is for one request. */
interface Limit extends KeyedBy {
  readonly limit: number;
  readonly windowMs: number;
}

/**
 * - `use`: a request comes that uses `cost` up.
 * - `ask`: would one pass? Nothing is counted.
 * - `charge`: it has passed, and it counts whatever the limit says.
 */
export type QuotaStep = "use" | "ask" | "charge";

/** Lets a request pass that uses `cost` of the quota up, or answers it; the step is `use` if left out. */
export type Quota = (
  exchange: Exchange,
  cost: number,
  step?: QuotaStep,
) => Promise<Exit | undefined>;

interface QuotaUse {
  readonly cost: number;
  readonly step: QuotaStep;
}

/** One plugin's quotas, with all that an isolate counts for them. */
export class Quotas {
  readonly #plugin: string;
  readonly #deps: PluginDeps;
  readonly #counters: CountersByPolicy;
  readonly #late = new Map<Policy, LateCounts>();

  constructor(plugin: string, deps: PluginDeps) {
    this.#plugin = plugin;
    this.#deps = deps;
    this.#counters = new CountersByPolicy(deps);
  }

  /** Throws `ConfigurationRefused`. */
  async open(configuration: QuotaConfiguration, site: PluginSite): Promise<Quota> {
    const { group, allow_degradation: mayDegrade, rules = [] } = configuration;
    const count = this.#counting(configuration);
    const place =
      group === undefined
        ? [site.definedBy, await configurationHash(configuration)]
        : ["group", JSON.stringify(group)];
    const headers = [undefined, ...rules].map((rule, i) =>
      headerNames(site.metadata as HeaderMetadata | undefined, rule && prefixOf(rule, i)),
    );
    const plugin = this.#plugin;
    return async (exchange, cost, step = "use") => {
      const limits = limitsFor(configuration, exchange.variables);
      if (!limits || limits.length === 0) {
        this.#deps.log(`${plugin} of ${site.definedBy}: no limit applies, or it is no number`);
        return mayDegrade ? undefined : { status: 500 };
      }
      for (const limit of limits) {
        const identity = await counterIdentity(
          plugin,
          ...place,
          ...toldApart(limit, configuration),
        );
        const use = { cost, step };
        const verdict = await count(exchange, identity, limit, use).catch((error: unknown) => {
          this.#deps.log(`${plugin}: the counter ${identity} cannot be asked: ${error}`);
          return undefined;
        });
        if (step === "charge" || (!verdict && mayDegrade)) continue;
        if (!verdict) return { status: 500, body: { error_msg: "failed to limit count" } };
        tell(exchange, { configuration, limit, identity, verdict, names: headers[limit.rule] });
        if (!verdict.passes) return rejected(configuration);
      }
      return undefined;
    };
  }

  #counting({ policy, window_type: type, sync_interval: seconds }: QuotaConfiguration) {
    const counters = this.#counters.of(policy);
    const late = this.#lateCounts(policy, seconds);
    return async (
      exchange: Exchange,
      identity: string,
      { limit, windowMs }: Limit,
      { cost, step }: QuotaUse,
    ): Promise<WindowVerdict> => {
      const counted = step === "ask" ? 0 : cost;
      const isServed = step === "charge";
      const ask: WindowAsk = { type, limit, windowMs, cost: counted, isServed };
      // A window that is over before it is settled would count nothing.
      const verdict =
        !late || windowMs <= seconds * 1000
          ? await counters.count(identity, ask)
          : await late.count(identity, ask, seconds * 1000, exchange.waitUntil);
      return step === "ask" ? foreseen(verdict, cost) : verdict;
    };
  }

  #lateCounts(policy: Policy, seconds: number): LateCounts | undefined {
    if (policy === "local" || seconds === -1) return undefined;
    if (seconds < 0.1) throw new ConfigurationRefused("sync_interval: want at least 0.1 s, or -1");
    const counters = this.#counters.of(policy);
    const known = this.#late.get(policy) ?? new LateCounts({ ...this.#deps, counters });
    this.#late.set(policy, known);
    return known;
  }
}

/** What the verdict would be if the request came. */
function foreseen({ remaining, resetMs }: WindowVerdict, cost: number): WindowVerdict {
  const passes = remaining >= cost;
  return { passes, remaining: Math.max(0, remaining - cost), resetMs };
}

function limitsFor(configuration: QuotaConfiguration, variables: Variables): Limit[] | undefined {
  const { count = "", time_window: window = "" } = configuration;
  return limitsOf(configuration, variables, {
    own: () => limitOf({ count, time_window: window }, variables),
    ofRule: (rule) => limitOf(rule, variables),
  });
}

function limitOf(
  { count, time_window: window }: Pick<QuotaRule, "count" | "time_window">,
  variables: Variables,
): Pick<Limit, "limit" | "windowMs"> | undefined {
  const limit = wholeNumber(count, variables, 1);
  const seconds = wholeNumber(window, variables, 1);
  if (limit === undefined || seconds === undefined) return undefined;
  return { limit, windowMs: seconds * 1000 };
}

/** Rules count apart, and sliding windows of different lengths: these begin at other times. */
function toldApart(
  { key, rule, windowMs }: Limit,
  { window_type: type }: QuotaConfiguration,
): (string | number)[] {
  const apart = [...(rule > 0 ? [rule] : []), ...(type === "sliding" ? [`${windowMs}ms`] : [])];
  return [...apart, key];
}

interface Told {
  readonly configuration: QuotaConfiguration;
  readonly limit: Limit;
  readonly identity: string;
  readonly verdict: WindowVerdict;
  readonly names: HeaderNames | undefined;
}

/** The headers, and the variable `rate_limiting_info` for logs. */
function tell(exchange: Exchange, { configuration, limit, identity, verdict, names }: Told): void {
  const { passes, remaining: left, resetMs } = verdict;
  const remaining = passes ? left : 0;
  // In hundredths of a second, as APISIX rounds them: a sliding window's up.
  const round = configuration.window_type === "sliding" ? Math.ceil : Math.floor;
  const reset = round(resetMs / 10) / 100;
  exchange.setVariable(
    "rate_limiting_info",
    JSON.stringify({
      rate_limiting_key: identity,
      rate_limiting_limit: limit.limit,
      rate_limiting_remaining: remaining,
      rate_limiting_reset: reset,
    }),
  );
  if (!configuration.show_limit_quota_header || !names) return;
  exchange.answerHeaders.set(names.limit, numberText(limit.limit));
  exchange.answerHeaders.set(names.remaining, numberText(remaining));
  exchange.answerHeaders.set(names.reset, numberText(reset));
}

interface HeaderMetadata {
  readonly limit_header: string;
  readonly remaining_header: string;
  readonly reset_header: string;
}

const STANDARD: HeaderMetadata = {
  limit_header: "X-RateLimit-Limit",
  remaining_header: "X-RateLimit-Remaining",
  reset_header: "X-RateLimit-Reset",
};

function prefixOf({ header_prefix: prefix }: QuotaRule, rule: number): string {
  return prefix ?? String(rule);
}

/** A rule's prefix goes before `RateLimit-`, where the names have that. */
function headerNames(metadata = STANDARD, prefix: string | undefined): HeaderNames {
  const named = (name: string) => {
    const full =
      prefix === undefined ? name : name.replace("RateLimit-", () => `${prefix}-RateLimit-`);
    try {
      new Headers().set(full, "");
    } catch {
      throw new ConfigurationRefused(`${JSON.stringify(full)} is no name of a header`);
    }
    return full;
  };
  return {
    limit: named(metadata.limit_header),
    remaining: named(metadata.remaining_header),
    reset: named(metadata.reset_header),
  };
}
