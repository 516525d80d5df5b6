import { deliver, isBelow400 } from "./logs/deliver.ts";
import { addressesOf, type Endpoints, oneOf } from "./logs/endpoints.ts";
import { fieldsOf } from "./logs/log-entry.ts";
import { Logger, type LoggerSettings } from "./logs/logger.ts";
import { definePlugin } from "./plugin.ts";

interface ClickhouseLoggerConfiguration extends LoggerSettings, Endpoints {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly logtable: string;
  /** Seconds. */
  readonly timeout: number;
}

/** `clickhouse-logger`: entries of the log into a table of ClickHouse. */
export const clickhouseLogger = definePlugin<ClickhouseLoggerConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    build(configuration, site) {
      const addresses = addressesOf(configuration);
      const headers = {
        "content-type": "application/json",
        "x-clickhouse-user": configuration.user,
        "x-clickhouse-key": configuration.password,
        "x-clickhouse-database": configuration.database,
      };
      const statement = `INSERT INTO ${configuration.logtable} FORMAT JSONEachRow`;
      return logger.handlers<string>(configuration, site.metadata, {
        write: (entry) => JSON.stringify(fieldsOf(entry)),
        async deliver(entries) {
          const url = oneOf(addresses, deps.random);
          const body = `${statement} ${entries.join(" ")}`;
          const timeoutMs = configuration.timeout * 1000;
          await deliver(deps, { url, headers, body, timeoutMs }, isBelow400);
        },
      });
    },
  };
});
