import type { ProbeNode } from "../../exporter/health/probe-node.ts";
import type { Probe, ProbeResult } from "../../shared/health/active-check.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** Probes that come to what a test says, and take the time that it says. */
export interface ScriptedProbe {
  readonly probe: ProbeNode;
  /** What was probed: milliseconds since the begin, and `host:port`. */
  readonly seen: { readonly at: number; readonly node: string; readonly probe: Probe }[];
  /** By `host:port`; a status of 200 where there is none. */
  readonly results: Map<string, ProbeResult | Error>;
  /** How long each takes, in milliseconds. */
  tookMs: number;
  /** How many there are now, and were at most. */
  readonly load: { now: number; most: number };
}

export function scriptedProbe(clock: VirtualClock): ScriptedProbe {
  const began = clock.now();
  const seen: ScriptedProbe["seen"] = [];
  const results: ScriptedProbe["results"] = new Map();
  const load = { now: 0, most: 0 };
  const script = {
    seen,
    results,
    load,
    tookMs: 0,
    probe: async (probe: Probe, signal: AbortSignal): Promise<ProbeResult> => {
      const node = `${probe.host}:${probe.port}`;
      seen.push({ at: clock.now() - began, node, probe });
      load.now += 1;
      load.most = Math.max(load.most, load.now);
      if (script.tookMs > 0) await clock.sleep(script.tookMs, signal);
      load.now -= 1;
      const result = results.get(node) ?? { status: 200 };
      if (result instanceof Error) throw result;
      return result;
    },
  };
  return script;
}
