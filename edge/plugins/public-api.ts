import { definePlugin } from "./plugin.ts";

interface PublicApiConfiguration {
  /** Of the endpoint; by default that of the request. */
  readonly uri?: string;
}

/** Opens an endpoint of some plugin's to those whom the route lets in. */
export const publicApi = definePlugin<PublicApiConfiguration>(() => ({
  build: ({ uri }, site) => ({
    async access(exchange) {
      const api = await site.api(uri ?? exchange.uri);
      if (!api?.methods.includes(exchange.request.method)) return { status: 404 };
      return api.handle(exchange);
    },
  }),
}));
