import { normaliseNodes } from "../../shared/resources/normalise-nodes.ts";
import { GatewayError } from "../errors.ts";
import { ConfigurationRefused, definePlugin } from "./plugin.ts";

interface ExamplePluginConfiguration {
  readonly i: number;
  readonly s?: string;
  readonly t?: readonly unknown[];
  /** Of the node that requests go to, instead of their upstream. */
  readonly ip?: string;
  readonly port?: number;
}

/** APISIX's demonstration: all that it does to a request is to send it to another node. */
export const examplePlugin = definePlugin<ExamplePluginConfiguration>(() => ({
  build({ ip, port }, site) {
    if (ip === undefined) return {};
    if (port === undefined) throw new ConfigurationRefused("ip needs a port beside it");
    const nodes = normaliseNodes([{ host: ip, port, weight: 1 }]);
    if ("noAddress" in nodes) throw new ConfigurationRefused(`ip: ${ip} is no address`);
    const key = `${site.definedBy}/example-plugin`;
    const destination = site.inlineUpstream(key, {
      type: "roundrobin",
      scheme: "http",
      pass_host: "pass",
      hash_on: "vars",
      nodes,
    });
    if (destination instanceof GatewayError) throw new ConfigurationRefused(destination.message);
    return {
      access(exchange) {
        exchange.destination = destination;
        return undefined;
      },
    };
  },
}));
