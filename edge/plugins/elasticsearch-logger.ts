import { encodeBase64 } from "./base64.ts";
import { deliver, is200 } from "./logs/deliver.ts";
import { addressesOf, type Endpoints, oneOf } from "./logs/endpoints.ts";
import { fieldsOf } from "./logs/log-entry.ts";
import { Logger, type LoggerSettings } from "./logs/logger.ts";
import { definePlugin } from "./plugin.ts";

interface ElasticsearchLoggerConfiguration extends LoggerSettings, Endpoints {
  readonly field: { readonly index: string };
  readonly auth?: { readonly username: string; readonly password: string };
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds. */
  readonly timeout: number;
}

const UTF8 = new TextEncoder();

/** `elasticsearch-logger`: entries of the log to Elasticsearch's bulk API. */
export const elasticsearchLogger = definePlugin<ElasticsearchLoggerConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    build(configuration, site) {
      const addresses = addressesOf(configuration);
      const headers = headersOf(configuration);
      const action = JSON.stringify({ create: { _index: configuration.field.index } });
      return logger.handlers<string>(configuration, site.metadata, {
        write: (entry) => `${action}\n${JSON.stringify(fieldsOf(entry))}\n`,
        async deliver(entries) {
          const url = `${oneOf(addresses, deps.random)}/_bulk`;
          const timeoutMs = configuration.timeout * 1000;
          await deliver(deps, { url, headers, body: entries.join(""), timeoutMs }, is200);
        },
      });
    },
  };
});

/** The configuration's own headers win. */
function headersOf({ auth, headers }: ElasticsearchLoggerConfiguration): Record<string, string> {
  const all = new Headers({
    "content-type": "application/x-ndjson",
    accept: "application/vnd.elasticsearch+json",
  });
  if (auth) {
    const credentials = UTF8.encode(`${auth.username}:${auth.password}`);
    all.set("authorization", `Basic ${encodeBase64(credentials)}`);
  }
  for (const [name, value] of Object.entries(headers ?? {})) all.set(name, value);
  return Object.fromEntries(all);
}
