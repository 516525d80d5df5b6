import { definePlugin } from "./plugin.ts";
import { type QuotaConfiguration, Quotas } from "./quota.ts";

/** `limit-count`: so many requests in a span of time (reference 8.5). */
export const limitCount = definePlugin<QuotaConfiguration>((deps) => {
  const quotas = new Quotas("limit-count", deps);
  return {
    async build(configuration, site) {
      const quota = await quotas.open(configuration, site);
      return { access: (exchange) => quota(exchange, 1) };
    },
  };
});
