import { edgeName } from "../../shared/request/edge-name.ts";
import { deliver, is200 } from "./logs/deliver.ts";
import type { LogEntry } from "./logs/log-entry.ts";
import { Logger, type LoggerSettings } from "./logs/logger.ts";
import { definePlugin } from "./plugin.ts";

interface SplunkHecLoggingConfiguration extends LoggerSettings {
  readonly endpoint: {
    readonly uri: string;
    readonly token: string;
    readonly channel?: string;
    /** Seconds. */
    readonly timeout: number;
  };
}

/** `splunk-hec-logging`: entries of the log to Splunk's HTTP Event Collector. */
export const splunkHecLogging = definePlugin<SplunkHecLoggingConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    build(configuration, site) {
      const { uri: url, token, channel, timeout } = configuration.endpoint;
      const headers = {
        "content-type": "application/json",
        authorization: `Splunk ${token}`,
        ...(channel === undefined ? {} : { "x-splunk-request-channel": channel }),
      };
      return logger.handlers<string>(configuration, site.metadata, {
        write: (entry, { exchange, outcome }) =>
          JSON.stringify({
            time: outcome.endedAt / 1000,
            host: edgeName(exchange.request),
            source: "apache-apisix-splunk-hec-logging",
            sourcetype: "_json",
            event: eventOf(entry),
          }),
        async deliver(entries) {
          const body = entries.join("");
          await deliver(deps, { url, headers, body, timeoutMs: timeout * 1000 }, is200);
        },
      });
    },
  };
});

/** The default entry, flat. */
function eventOf(entry: LogEntry): object {
  if (entry.is === "custom") return entry.fields;
  const { request, response, latency, upstream } = entry.fields;
  return {
    ...entry.extra,
    request_url: request.url,
    request_method: request.method,
    request_headers: request.headers,
    request_query: request.querystring,
    request_size: request.size,
    response_headers: response.headers,
    response_status: response.status,
    response_size: response.size,
    latency,
    ...(upstream === undefined ? {} : { upstream }),
  };
}
