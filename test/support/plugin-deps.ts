import { ChainBuilder } from "../../edge/plugins/chain-builder.ts";
import type { PluginDeps } from "../../edge/plugins/plugin.ts";
import { MemoryResponseCache } from "./memory-response-cache.ts";

/** What plugins get from outside, for tests that do not care; timers are real. */
export function pluginDeps(change: Partial<PluginDeps> = {}): PluginDeps {
  return {
    fetch: async (input) => {
      throw new Error(`a test's plugin asked for ${input}`);
    },
    proxy: async () => {
      throw new Error("a test's plugin sends to an upstream");
    },
    timers: {
      after: (ms, action) => {
        const timer = setTimeout(action, ms);
        return () => clearTimeout(timer);
      },
    },
    now: () => 1_000_000,
    random: () => 0,
    randomBytes: (count) => new Uint8Array(count),
    log: () => {},
    server: "APISIX/3.18.0",
    bindings: {},
    responseCache: new MemoryResponseCache(() => 1_000_000),
    dispatch: async () => new Response(null, { status: 501 }),
    ...change,
  };
}

export function chainBuilder(change: Partial<PluginDeps> = {}): ChainBuilder {
  return new ChainBuilder(pluginDeps(change), () => undefined);
}
