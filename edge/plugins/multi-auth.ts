import { HTTP_PLUGINS } from "../../shared/plugins/catalogue.ts";
import { exitWith } from "./exit.ts";
import { ConfigurationRefused, definePlugin, type Handler, type PluginSite } from "./plugin.ts";
import { tellConsumer } from "./told-headers.ts";

interface MultiAuthConfiguration {
  readonly auth_plugins: readonly Readonly<Record<string, object>>[];
}

/** Only one that proves something may let a request in. */
const AUTHENTICATION = new Set<string>(
  HTTP_PLUGINS.flatMap(({ name, auth }) => (auth && name !== "multi-auth" ? [name] : [])),
);

/**
 * `multi-auth`: the first of several methods that knows the sender lets it in (reference 8.1). As in
 * APISIX, `WWW-Authenticate` of a method that did not stays in the answer.
 */
export const multiAuth = definePlugin<MultiAuthConfiguration>(() => ({
  async build({ auth_plugins: configured }, site) {
    const methods: Handler[] = [];
    for (const [name, configuration] of configured.flatMap((each) => Object.entries(each))) {
      methods.push(await methodOf(name, configuration, site));
    }
    return {
      async rewrite(exchange) {
        for (const method of methods) {
          if ((await method(exchange)) !== undefined) continue;
          // jwe-decrypt finds no consumer: its clients must not pass for one of another method.
          if (!exchange.sender) tellConsumer(exchange.headers, undefined);
          return undefined;
        }
        return exitWith(401, "Authorization Failed");
      },
    };
  },
}));

async function methodOf(name: string, configuration: object, site: PluginSite): Promise<Handler> {
  if (!AUTHENTICATION.has(name)) {
    throw new ConfigurationRefused(`auth_plugins: ${name} is no authentication plugin`);
  }
  const { rewrite } = await site.nested(name, configuration);
  if (!rewrite) throw new ConfigurationRefused(`auth_plugins: ${name} cannot be one of several`);
  return rewrite;
}
