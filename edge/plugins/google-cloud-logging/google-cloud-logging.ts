import { deliver, is200 } from "../logs/deliver.ts";
import type { LogEntry, LoggedRequest } from "../logs/log-entry.ts";
import { Logger, type LoggerSettings } from "../logs/logger.ts";
import { ConfigurationRefused, definePlugin } from "../plugin.ts";
import { GoogleAccess, type ServiceAccount } from "./google-access.ts";

interface GoogleCloudLoggingConfiguration extends LoggerSettings {
  readonly auth_config?: ServiceAccount & {
    readonly project_id: string;
    readonly entries_uri: string;
  };
  readonly resource: { readonly type: string; readonly labels?: object };
  readonly log_id: string;
}

const TIMEOUT_MS = 10_000;

/** `google-cloud-logging`: entries of the log to Google Cloud Logging. */
export const googleCloudLogging = definePlugin<GoogleCloudLoggingConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    build(configuration, site) {
      const { auth_config: account, resource, log_id: logId } = configuration;
      if (!account) {
        throw new ConfigurationRefused("there are no files at the edge: use auth_config");
      }
      const access = new GoogleAccess(account, deps);
      const ofAll = {
        labels: { source: "apache-apisix-google-cloud-logging" },
        resource,
        logName: `projects/${account.project_id}/logs/${logId}`,
      };
      return logger.handlers<string>(configuration, site.metadata, {
        write: (entry, logged) =>
          JSON.stringify({
            ...payloadOf(entry, logged),
            ...ofAll,
            timestamp: new Date(logged.outcome.endedAt).toISOString(),
            insertId: logged.variables.get("request_id"),
          }),
        async deliver(entries) {
          const headers = {
            "content-type": "application/json",
            authorization: await access.authorization(),
          };
          const body = `{"entries":[${entries.join(",")}],"partialSuccess":false}`;
          const { entries_uri: url } = account;
          await deliver(deps, { url, headers, body, timeoutMs: TIMEOUT_MS }, is200);
        },
      });
    },
  };
});

function payloadOf(entry: LogEntry, { exchange }: LoggedRequest): object {
  if (entry.is === "custom") return { jsonPayload: entry.fields };
  const { request, response, latency, upstream, ...fields } = entry.fields;
  return {
    httpRequest: {
      requestMethod: request.method,
      requestUrl: request.url,
      requestSize: request.size,
      status: response.status,
      responseSize: response.size,
      userAgent: exchange.header("user-agent") ?? undefined,
      remoteIp: fields.client_ip,
      serverIp: upstream,
      latency: `${(latency / 1000).toFixed(3)}s`,
    },
    jsonPayload: { ...entry.extra, route_id: fields.route_id, service_id: fields.service_id },
  };
}
