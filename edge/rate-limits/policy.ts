import { ConfigurationRefused, type PluginDeps } from "../plugins/plugin.ts";
import type { Counters } from "./counters.ts";
import { LocalCounters } from "./local-counters.ts";
import type { SharedCounter } from "./shared-counter.ts";
import { SharedCounters } from "./shared-counters.ts";

/** Where a plugin's configuration wants its counters. */
export type Policy = "local" | "redis" | "redis-cluster" | "redis-sentinel";

/** A plugin's counters, by policy: what an isolate keeps of them, it keeps for all generations. */
export class CountersByPolicy {
  readonly #local: LocalCounters;
  readonly #shared: SharedCounters | undefined;

  constructor({ now, timers, bindings }: Pick<PluginDeps, "now" | "timers" | "bindings">) {
    this.#local = new LocalCounters(now);
    const { RATE_LIMITS: namespace, SNAPGATE_NAMESPACE: scope } = bindings;
    this.#shared = isNamespace(namespace)
      ? new SharedCounters({ namespace, timers, scope: String(scope || "default") })
      : undefined;
  }

  /** Throws `ConfigurationRefused` where the Worker has no binding for it. */
  of(policy: Policy): Counters {
    if (policy === "local") return this.#local;
    if (this.#shared) return this.#shared;
    throw new ConfigurationRefused(
      `policy ${policy}: its counters are Durable Objects here, and the Worker has no binding ` +
        "RATE_LIMITS (docs/operations.md); bind them, or choose policy local",
    );
  }
}

/** Whether a binding is one of Durable Objects. */
export function isNamespace(binding: unknown): binding is DurableObjectNamespace<SharedCounter> {
  return typeof binding === "object" && binding !== null && "idFromName" in binding;
}
