import type { OwnPlugin } from "../../edge/plugins/own-plugin.ts";
import { definePlugin } from "../../edge/plugins/plugin.ts";

interface StampConfiguration {
  /** Header that names the route to the upstream. */
  readonly header: string;
  /** Paths that end so are not for the public. */
  readonly closed: readonly string[];
}

/** A function of one's own in the request's way: closes some paths, and stamps what it lets pass. */
export const stamp: OwnPlugin = {
  name: "acme-stamp",
  // After authentication (2500 and more), before limits (1003 and less).
  priority: 1500,
  schema: {
    type: "object",
    properties: {
      header: { type: "string", default: "X-Stamp" },
      closed: { type: "array", items: { type: "string" }, default: [] },
    },
  },
  plugin: definePlugin<StampConfiguration>(({ now }) => ({
    build({ header, closed }) {
      return {
        access(exchange) {
          if (closed.some((end) => exchange.uri.endsWith(end))) {
            return { status: 403, body: { message: "not for the public" } };
          }
          exchange.headers.set(header, `${exchange.route?.id ?? "no route"} at ${now()}`);
          return undefined;
        },
        headerFilter: (_exchange, { headers }) => headers.set("X-Stamped", "yes"),
      };
    },
  })),
};
