import { definePlugin } from "./plugin.ts";

interface AttachConsumerLabelConfiguration {
  /** Header names, and `$` with the name of a label. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * `attach-consumer-label`: labels of the consumer as headers for the upstream, which gets none of them
 * from a client (reference 8.4).
 */
export const attachConsumerLabel = definePlugin<AttachConsumerLabelConfiguration>(() => ({
  build({ headers }) {
    const wanted = Object.entries(headers).map(([name, label]) => [name, label.slice(1)] as const);
    return {
      beforeProxy(exchange) {
        const labels = new Map(Object.entries(exchange.sender?.consumer.labels ?? {}));
        for (const [name, label] of wanted) {
          const value = labels.get(label);
          if (value === undefined) exchange.headers.delete(name);
          else exchange.headers.set(name, value);
        }
        return undefined;
      },
    };
  },
}));
