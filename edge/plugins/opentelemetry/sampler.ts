import { isSampled, type TraceContext } from "./trace-context.ts";

interface RatioOptions {
  readonly fraction?: number;
}

/** `sampler` of a configuration. */
export interface SamplerSettings {
  readonly name: "always_on" | "always_off" | "trace_id_ratio" | "parent_base";
  readonly options?: RatioOptions & {
    readonly root?: {
      readonly name: "always_on" | "always_off" | "trace_id_ratio";
      readonly options?: RatioOptions;
    };
  };
}

/** Whether a span is recorded; `parent` where the request names one. */
export type Sampler = (traceId: string, parent: TraceContext | undefined) => boolean;

export function createSampler({ name, options }: SamplerSettings): Sampler {
  switch (name) {
    case "always_on":
      return () => true;
    case "always_off":
      return () => false;
    case "trace_id_ratio":
      return byRatio(options?.fraction ?? 0);
    case "parent_base": {
      const root = createSampler(options?.root ?? { name: "always_off" });
      return (traceId, parent) => (parent ? isSampled(parent) : root(traceId, parent));
    }
  }
}

/** The id decides, so that all who see a trace decide alike. */
function byRatio(fraction: number): Sampler {
  if (fraction >= 1) return () => true;
  const bound = Math.max(0, fraction) * 0xffffffff;
  return (traceId) => Number.parseInt(traceId.slice(0, 8), 16) < bound;
}
