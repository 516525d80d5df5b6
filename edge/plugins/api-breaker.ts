import { fillTemplate, variableText } from "../../shared/expression/template.ts";
import type { Variables } from "../../shared/expression/variables.ts";
import { BoundedMap } from "../bounded-map.ts";
import { counterIdentity } from "../rate-limits/identity.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { definePlugin } from "./plugin.ts";

interface ApiBreakerConfiguration {
  readonly break_response_code: number;
  readonly break_response_body?: string;
  /** Only with a body. */
  readonly break_response_headers?: readonly { readonly key: string; readonly value: string }[];
  readonly max_breaker_sec: number;
  readonly unhealthy: { readonly http_statuses: readonly number[]; readonly failures: number };
  readonly healthy: { readonly http_statuses: readonly number[]; readonly successes: number };
}

/** What is known of one host and path. */
interface Circuit {
  failures: number;
  successes: number;
  /** Seconds since 1970; undefined: not yet, or too long ago. */
  brokenAt: number | undefined;
}

const KEPT = 10_000;

/** `api-breaker`: leaves an upstream alone that has failed often, by host and path (reference 8.2). */
export const apiBreaker = definePlugin<ApiBreakerConfiguration>(({ now }) => {
  // APISIX, too, keeps one for all routes.
  const circuits = new BoundedMap<string, Circuit>(KEPT);
  const seconds = () => Math.floor(now() / 1000);
  return {
    build(configuration) {
      const { unhealthy, healthy, max_breaker_sec: longest } = configuration;
      return {
        async access(exchange) {
          const circuit = circuits.get(await keyOf(exchange));
          if (circuit?.brokenAt === undefined) return undefined;
          const times = Math.max(Math.floor(circuit.failures / unhealthy.failures), 1);
          const openFor = Math.min(2 ** times, longest);
          return circuit.brokenAt + openFor >= seconds()
            ? broken(configuration, exchange)
            : undefined;
        },
        async log(exchange) {
          const status = exchange.attempts.at(-1)?.status;
          if (status === undefined) return;
          const key = await keyOf(exchange);
          const circuit = circuits.get(key);
          if (unhealthy.http_statuses.includes(status)) {
            const failures = (circuit?.failures ?? 0) + 1;
            const breaks = failures % unhealthy.failures === 0;
            const brokenAt = breaks ? seconds() : circuit?.brokenAt;
            circuits.set(key, { failures, successes: 0, brokenAt });
          } else if (circuit && healthy.http_statuses.includes(status)) {
            circuit.successes += 1;
            if (circuit.successes >= healthy.successes) circuits.delete(key);
          }
        },
      };
    },
  };
});

/** Of a length that can be kept: paths are the client's to choose. */
function keyOf({ variables, uri }: Exchange): Promise<string> {
  return counterIdentity(variableText(variables.get("host") ?? "") + uri);
}

function broken(configuration: ApiBreakerConfiguration, exchange: Exchange): Exit {
  const { break_response_code: status, break_response_body: body } = configuration;
  if (body === undefined) return { status };
  for (const { key, value } of configuration.break_response_headers ?? []) {
    exchange.answerHeaders.append(key, fillTemplate(value, beforeAnswer(exchange)).text);
  }
  return { status, body };
}

/** nginx has a status before there is an answer. */
function beforeAnswer({ variables }: Exchange): Variables {
  return { get: (name) => (name === "status" ? "0" : variables.get(name)) };
}
