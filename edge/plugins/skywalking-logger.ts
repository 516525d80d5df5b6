import { edgeName } from "../../shared/request/edge-name.ts";
import { deliver, isBelow400 } from "./logs/deliver.ts";
import { fieldsOf } from "./logs/log-entry.ts";
import { Logger, type LoggerSettings } from "./logs/logger.ts";
import { definePlugin } from "./plugin.ts";
import { readSw8 } from "./sw8.ts";

interface SkywalkingLoggerConfiguration extends LoggerSettings {
  readonly endpoint_addr: string;
  readonly service_name: string;
  readonly service_instance_name: string;
  /** Seconds. */
  readonly timeout: number;
}

/** `skywalking-logger`: entries of the log to SkyWalking's OAP, tied to the trace that the request is in. */
export const skywalkingLogger = definePlugin<SkywalkingLoggerConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    build(configuration, site) {
      const { service_name: service, service_instance_name: instance } = configuration;
      const url = new URL("/v3/logs", configuration.endpoint_addr).href;
      return logger.handlers<string>(configuration, site.metadata, {
        write: (entry, { exchange }) =>
          JSON.stringify({
            traceContext: readSw8(exchange.header("sw8")),
            body: { json: { json: JSON.stringify(fieldsOf(entry)) } },
            service,
            serviceInstance: instance === "$hostname" ? edgeName(exchange.request) : instance,
            endpoint: exchange.uri,
          }),
        async deliver(entries) {
          const headers = { "content-type": "application/json" };
          const body = `[${entries.join(",")}]`;
          const timeoutMs = configuration.timeout * 1000;
          await deliver(deps, { url, headers, body, timeoutMs }, isBelow400);
        },
      });
    },
  };
});
