import { fillTemplate } from "../../shared/expression/template.ts";
import type { Variables } from "../../shared/expression/variables.ts";
import type { BatchSettings } from "./logs/batch.ts";
import { deliver, isBelow300 } from "./logs/deliver.ts";
import { oneOf } from "./logs/endpoints.ts";
import { endedVariables } from "./logs/log-entry.ts";
import { Logger } from "./logs/logger.ts";
import { definePlugin } from "./plugin.ts";

interface LagoConfiguration extends BatchSettings {
  readonly endpoint_addrs: readonly string[];
  readonly endpoint_uri: string;
  readonly token: string;
  readonly event_transaction_id: string;
  readonly event_subscription_id: string;
  readonly event_code: string;
  readonly event_properties?: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
}

/** `lago`: an event of usage for each request, to Lago, which bills by them. */
export const lago = definePlugin<LagoConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    build(configuration, site) {
      const { endpoint_addrs: addresses, endpoint_uri: path, timeout: timeoutMs } = configuration;
      const headers = {
        "content-type": "application/json",
        authorization: `Bearer ${configuration.token}`,
      };
      const batch = logger.batch<string>(configuration, site.metadata, async (events) => {
        const url = `${oneOf(addresses, deps.random)}${path}`;
        const body = `{"events":[${events.join(",")}]}`;
        await deliver(deps, { url, headers, body, timeoutMs }, isBelow300);
      });
      return {
        log(exchange) {
          const event = eventOf(configuration, endedVariables(exchange));
          const timestamp = exchange.startedAt / 1000;
          batch.add(JSON.stringify({ ...event, timestamp }), exchange.waitUntil);
        },
      };
    },
  };
});

function eventOf(configuration: LagoConfiguration, variables: Variables): object {
  const { event_properties: properties } = configuration;
  const filled = (template: string) => fillTemplate(template, variables);
  const property = (template: string) => {
    const { text, resolved } = filled(template);
    return resolved > 0 ? text : template;
  };
  return {
    transaction_id: filled(configuration.event_transaction_id).text,
    external_subscription_id: filled(configuration.event_subscription_id).text,
    code: configuration.event_code,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, template]) => [name, property(template)]),
      ),
    }),
  };
}
