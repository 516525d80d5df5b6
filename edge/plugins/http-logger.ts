import { deliver, isBelow400 } from "./logs/deliver.ts";
import { fieldsOf } from "./logs/log-entry.ts";
import { Logger, type LoggerSettings } from "./logs/logger.ts";
import { definePlugin } from "./plugin.ts";

interface HttpLoggerConfiguration extends LoggerSettings {
  readonly uri: string;
  readonly auth_header?: string;
  /** Seconds. */
  readonly timeout: number;
  readonly concat_method: "json" | "new_line";
}

/** `http-logger`: entries of the log as JSON, or a line each, to any HTTP server (reference 8.7). */
export const httpLogger = definePlugin<HttpLoggerConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    build(configuration, site) {
      const { uri: url, auth_header: authorization, concat_method: method } = configuration;
      const isLines = method === "new_line";
      const isSingle = configuration.batch_max_size === 1;
      const headers = {
        "content-type": isLines ? "text/plain" : "application/json",
        ...(authorization === undefined ? {} : { authorization }),
      };
      return logger.handlers<string>(configuration, site.metadata, {
        write: (entry) => JSON.stringify(fieldsOf(entry)),
        async deliver(entries) {
          const plain = isLines || isSingle;
          const body = plain ? entries.join("\n") : `[${entries.join(",")}]`;
          const timeoutMs = configuration.timeout * 1000;
          await deliver(deps, { url, headers, body, timeoutMs }, isBelow400);
        },
      });
    },
  };
});
