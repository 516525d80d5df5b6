import { deliver, is200 } from "./logs/deliver.ts";
import { fieldsOf } from "./logs/log-entry.ts";
import { Logger, type LoggerMetadata, type LoggerSettings } from "./logs/logger.ts";
import { definePlugin } from "./plugin.ts";

interface LogglyConfiguration extends LoggerSettings {
  readonly customer_token: string;
  readonly tags: readonly string[];
}

interface LogglyMetadata extends LoggerMetadata {
  readonly host: string;
  /** `syslog` is UDP. */
  readonly protocol: "syslog" | "http" | "https";
  /** Milliseconds. */
  readonly timeout: number;
}

/** The defaults of the metadata's schema. */
const DEFAULTS: LogglyMetadata = { host: "logs-01.loggly.com", protocol: "syslog", timeout: 5000 };

/** `loggly`: entries of the log to Loggly's bulk endpoint; what APISIX sends as syslog goes there by HTTPS. */
export const loggly = definePlugin<LogglyConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    build(configuration, site) {
      const { host, protocol, timeout: timeoutMs } = { ...DEFAULTS, ...site.metadata };
      const scheme = protocol === "http" ? "http" : "https";
      const base = host.startsWith("http") ? host : `${scheme}://${host}`;
      const token = encodeURIComponent(configuration.customer_token);
      const url = `${base.replace(/\/$/, "")}/bulk/${token}/tag/bulk`;
      const headers = {
        "content-type": "application/json",
        "x-loggly-tag": configuration.tags.join(","),
      };
      return logger.handlers<string>(configuration, site.metadata, {
        write: (entry) => JSON.stringify(fieldsOf(entry)),
        async deliver(entries) {
          await deliver(deps, { url, headers, body: entries.join("\n"), timeoutMs }, is200);
        },
      });
    },
  };
});
