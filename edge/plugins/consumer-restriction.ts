import type { Exchange } from "./exchange.ts";
import { exitWith } from "./exit.ts";
import { definePlugin } from "./plugin.ts";
import { type RejectionConfiguration, rejectionOf } from "./rejection.ts";

type RestrictedBy = "consumer_name" | "service_id" | "route_id" | "consumer_group_id";

interface ConsumerRestrictionConfiguration extends RejectionConfiguration {
  readonly type: RestrictedBy;
  readonly blacklist?: readonly string[];
  readonly whitelist?: readonly string[];
  readonly allowed_by_methods?: readonly AllowedMethods[];
}

interface AllowedMethods {
  readonly user?: string;
  readonly methods?: readonly string[];
}

/** `consumer-restriction`: who may use a route, by name, group, route or service (reference 8.2). */
export const consumerRestriction = definePlugin<ConsumerRestrictionConfiguration>(() => ({
  build(configuration) {
    const { type } = configuration;
    const rejection = rejectionOf(configuration, `The ${type} is forbidden.`);
    return {
      access(exchange) {
        const value = VALUES[type](exchange);
        if (value === undefined) {
          const message = `The request is rejected, please check the ${type} for this request`;
          return exitWith(401, message);
        }
        return isAllowed(configuration, value, exchange.method) ? undefined : rejection;
      },
    };
  },
}));

const VALUES: Readonly<Record<RestrictedBy, (exchange: Exchange) => string | undefined>> = {
  consumer_name: ({ sender }) => sender?.consumer.username,
  service_id: ({ route }) => route?.serviceId,
  route_id: ({ route }) => route?.id,
  consumer_group_id: ({ sender }) => textOf(sender?.consumer.group_id),
};

function textOf(id: string | number | undefined): string | undefined {
  return id === undefined ? undefined : String(id);
}

/** Methods are asked for only where there is no whitelist that has the value. */
function isAllowed(
  { blacklist, whitelist, allowed_by_methods: byMethods = [] }: ConsumerRestrictionConfiguration,
  value: string,
  method: string,
): boolean {
  if (blacklist?.includes(value)) return false;
  if (whitelist) return whitelist.includes(value);
  const rule = byMethods.find(({ user }) => user === value);
  return rule === undefined || (rule.methods?.includes(method) ?? false);
}
