import { answerClient } from "./ai/answer-client.ts";
import { askInstance, type LlmAnswer } from "./ai/ask-instance.ts";
import { type Instance, type InstanceConfiguration, openInstance } from "./ai/instance.ts";
import { type InstanceChecks, InstanceHealths } from "./ai/instance-health.ts";
import {
  type BalancerConfiguration,
  InstanceOrders,
  type WeightedInstance,
} from "./ai/instance-order.ts";
import { type LlmLogging, LlmRecord } from "./ai/llm-record.ts";
import type { LlmStreamLimits } from "./ai/llm-stream.ts";
import { pickInstance } from "./ai/picked-instance.ts";
import { type Prompt, readPrompt } from "./ai/prompt.ts";
import { hasTokensLeft } from "./ai/token-limit.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { definePlugin, type PluginDeps } from "./plugin.ts";

type Fallback = "instance_health_and_rate_limiting" | "http_429" | "http_5xx" | "rate_limiting";

interface ConfiguredInstance extends InstanceConfiguration, WeightedInstance {
  readonly checks?: InstanceChecks;
}

interface AiProxyMultiConfiguration extends LlmStreamLimits {
  readonly instances: readonly ConfiguredInstance[];
  readonly balancer: BalancerConfiguration;
  readonly fallback_strategy?: Fallback | readonly Fallback[];
  readonly fallback_http_statuses?: readonly number[];
  readonly max_retries?: number;
  /** Milliseconds; who failed later is not made up for. */
  readonly retry_on_failure_within_ms?: number;
  readonly logging?: LlmLogging;
  readonly max_req_body_size: number;
}

interface Candidate {
  readonly instance: Instance;
  readonly checks: InstanceChecks | undefined;
  /** Under which its health is kept. */
  readonly key: string;
}

type Candidates = AsyncGenerator<Candidate, undefined>;

interface Asked {
  readonly prompt: Prompt;
  readonly record: LlmRecord;
  readonly first: Candidate;
  readonly others: Candidates;
}

/** `ai-proxy-multi`: `ai-proxy` with several language models to choose from (reference 8.8). */
export const aiProxyMulti = definePlugin<AiProxyMultiConfiguration>((deps) => {
  const orders = new InstanceOrders(deps.random);
  const healths = new InstanceHealths(deps.now);
  return {
    build(configuration, site) {
      const { instances, logging, max_req_body_size: maxBytes } = configuration;
      const order = orders.of(site.definedBy, instances, configuration.balancer);
      const candidates = new Map(
        instances.map((each) => [each.name, candidateOf(each, site.definedBy)]),
      );
      const isUp = ({ checks, key }: Candidate) => !checks || healths.isHealthy(key);
      const skipsLimited = [configuration.fallback_strategy].flat().some(goesByTokens);
      const inOrder = async function* (exchange: Exchange): Candidates {
        const nobodyIsUp = ![...candidates.values()].some(isUp);
        for (const name of order(exchange.variables)) {
          const candidate = candidates.get(name);
          if (!candidate || !(nobodyIsUp || isUp(candidate))) continue;
          if (!skipsLimited || (await hasTokensLeft(exchange, name))) yield candidate;
        }
        return undefined;
      };
      const asked = new WeakMap<Exchange, Asked>();
      return {
        async access(exchange): Promise<Exit | undefined> {
          const prompt = await readPrompt(exchange, maxBytes);
          if ("status" in prompt) return prompt;
          const others = inOrder(exchange);
          const { value: first } = await others.next();
          if (!first) return { status: 503, body: "all servers tried" };
          pickInstance(exchange, first.instance.name);
          const record = new LlmRecord(exchange, prompt, logging);
          asked.set(exchange, { prompt, record, first, others });
          return undefined;
        },
        async beforeProxy(exchange): Promise<Exit | undefined> {
          const known = asked.get(exchange);
          if (!known) return undefined;
          const answer = await askInTurn(exchange, known, { configuration, healths, deps });
          return answerClient(exchange, answer);
        },
        log: (exchange) => asked.get(exchange)?.record.log(),
      };
    },
  };
});

/** Strategies that leave out whom `ai-rate-limiting` would turn away. */
function goesByTokens(strategy: Fallback | undefined): boolean {
  return strategy === "rate_limiting" || strategy === "instance_health_and_rate_limiting";
}

function candidateOf(configured: ConfiguredInstance, definedBy: string): Candidate {
  const { name, checks } = configured;
  const instance = openInstance(name, configured);
  return { instance, checks, key: JSON.stringify([definedBy, name, checks, instance.origin]) };
}

interface Policy {
  readonly configuration: AiProxyMultiConfiguration;
  readonly healths: InstanceHealths;
  readonly deps: PluginDeps;
}

/** One after the other, as long as the configuration has it that another one is asked. */
async function askInTurn(
  exchange: Exchange,
  { prompt, record, first, others }: Asked,
  { configuration, healths, deps }: Policy,
): Promise<LlmAnswer> {
  const { instances, max_retries: mostRetries = Number.POSITIVE_INFINITY } = configuration;
  let candidate = first;
  for (let retries = 0; ; retries += 1) {
    const startedAt = deps.now();
    const { instance, checks, key } = candidate;
    const ask = { exchange, prompt, record, instance, limits: configuration };
    const answer = await askInstance(ask, deps);
    if (checks && answer.outcome) healths.observe(key, checks, answer.outcome);
    // An only one is not given another chance; nor does APISIX answer 502 then.
    const isOver = instances.length === 1 || retries >= mostRetries;
    if (isOver || !isFallback(answer, configuration)) return answer;
    const { retry_on_failure_within_ms: withinMs = Number.POSITIVE_INFINITY } = configuration;
    if (deps.now() - startedAt > withinMs) return answer;
    const next = await others.next();
    if (next.done) return { exit: { status: 502 }, is: "failed" };
    deps.log(`ai-proxy-multi: ${instance.name} answered ${answer.exit.status}, asking another`);
    await discard(answer);
    candidate = next.value;
  }
}

type Fallbacks = Pick<AiProxyMultiConfiguration, "fallback_strategy" | "fallback_http_statuses">;

function isFallback(
  { exit, is, outcome }: LlmAnswer,
  { fallback_strategy: strategy = [], fallback_http_statuses: statuses = [] }: Fallbacks,
): boolean {
  if (outcome?.is === "answer" && statuses.includes(outcome.status)) return true;
  if (is !== "failed") return false;
  const strategies = [strategy].flat();
  if (exit.status === 429) return strategies.includes("http_429");
  return exit.status >= 500 && strategies.includes("http_5xx");
}

/** Of an answer that nobody gets. */
async function discard({ exit: { body } }: LlmAnswer): Promise<void> {
  if (body instanceof ReadableStream) await body.cancel();
}
