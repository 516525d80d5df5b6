import { fillTemplate } from "../../shared/expression/template.ts";
import type { Variables } from "../../shared/expression/variables.ts";
import { deliver, isBelow300 } from "./logs/deliver.ts";
import { oneOf } from "./logs/endpoints.ts";
import { fieldsOf } from "./logs/log-entry.ts";
import { Logger, type LoggerSettings } from "./logs/logger.ts";
import { definePlugin } from "./plugin.ts";

type Texts = Readonly<Record<string, string>>;

interface LokiLoggerConfiguration extends LoggerSettings {
  readonly endpoint_addrs: readonly string[];
  readonly endpoint_uri: string;
  readonly tenant_id: string;
  readonly headers?: Texts;
  readonly log_labels: Texts;
  /** Milliseconds. */
  readonly timeout: number;
}

/** `loki-logger`: entries of the log to Grafana Loki (reference 8.7). */
export const lokiLogger = definePlugin<LokiLoggerConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    build(configuration, site) {
      const { endpoint_addrs: addresses, endpoint_uri: path, timeout: timeoutMs } = configuration;
      const headers = {
        ...configuration.headers,
        "x-scope-orgid": configuration.tenant_id,
        "content-type": "application/json",
      };
      return logger.handlers<string>(configuration, site.metadata, {
        write(entry, { exchange, variables }) {
          // Milliseconds with six zeros: nanoseconds, of which a number has not so many.
          const value = [`${exchange.startedAt}000000`, JSON.stringify(fieldsOf(entry))];
          const labels = JSON.stringify(filledLabels(configuration.log_labels, variables));
          return `${labels}\n${JSON.stringify(value)}`;
        },
        async deliver(entries) {
          const url = `${oneOf(addresses, deps.random)}${path}`;
          const body = `{"streams":[${streamsOf(entries).join(",")}]}`;
          await deliver(deps, { url, headers, body, timeoutMs }, isBelow300);
        },
      });
    },
  };
});

/** One that has no variable of the request in it stays as it is written. */
function filledLabels(labels: Texts, variables: Variables): Texts {
  const filled = Object.entries(labels).map(([name, template]) => {
    const { text, resolved } = fillTemplate(template, variables);
    return [name, resolved > 0 ? text : template];
  });
  return Object.fromEntries(filled);
}

/** Entries with the same labels are one stream. */
function streamsOf(entries: readonly string[]): string[] {
  const streams = new Map<string, string[]>();
  for (const entry of entries) {
    const end = entry.indexOf("\n");
    const labels = entry.slice(0, end);
    const values = streams.get(labels);
    if (values) values.push(entry.slice(end + 1));
    else streams.set(labels, [entry.slice(end + 1)]);
  }
  return [...streams].map(
    ([labels, values]) => `{"stream":${labels},"values":[${values.join(",")}]}`,
  );
}
