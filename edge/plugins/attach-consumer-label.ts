import { definePlugin } from "./plugin.ts";
import { dropTold, toldNames } from "./told-headers.ts";

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
    const told = toldNames(Object.keys(headers));
    return {
      beforeProxy(exchange) {
        const labels = new Map(Object.entries(exchange.sender?.consumer.labels ?? {}));
        dropTold(exchange.headers, told);
        for (const [name, label] of wanted) {
          const value = labels.get(label);
          if (value !== undefined) exchange.headers.set(name, value);
        }
        return undefined;
      },
    };
  },
}));
