import type { Identity } from "../snapshot/identities.ts";
import {
  type AuthenticationConfiguration,
  authenticate,
  proven,
  unproven,
} from "./authentication.ts";
import { firstLine, isRepeatedAuthorization, REPEATED } from "./authorization-header.ts";
import type { Consumers, Exchange } from "./exchange.ts";
import { definePlugin } from "./plugin.ts";
import { argumentValues, withoutArgument } from "./query-arguments.ts";

interface KeyAuthConfiguration extends AuthenticationConfiguration {
  readonly header: string;
  readonly query: string;
}

/** `key-auth`: a key in a header or, where that is missing, in the query (reference 8.1). */
export const keyAuth = definePlugin<KeyAuthConfiguration>(() => ({
  build(configuration) {
    const { header, query } = configuration;
    const rewrite = authenticate({
      scheme: "apikey",
      configuration,
      async prove(exchange) {
        const sent = exchange.header(header);
        const key = sent ?? keyInQuery(exchange, query);
        if (key === undefined) return unproven("Missing API key in request");
        const identity = await holderOf(key, exchange.consumers);
        if (identity) return proven(identity);
        if (isRepeatedAuthorization(exchange, header)) return REPEATED;
        return unproven("Invalid API key in request");
      },
      hide(exchange, proof) {
        const isInHeader = exchange.header(header) !== null;
        if (isInHeader) exchange.headers.delete(header);
        if (isInHeader && proof.is === "proven") return;
        if (keyInQuery(exchange, query) !== undefined) {
          exchange.args = withoutArgument(exchange.args, query);
        }
      },
    });
    return { rewrite };
  },
}));

/** `not a key`: it is there, and can be nobody's. */
const NOT_A_KEY = Symbol("not a key");

/** An argument that comes twice is no key: nobody knows which of them an upstream would take. */
function keyInQuery({ args }: Exchange, name: string): string | typeof NOT_A_KEY | undefined {
  const values = argumentValues(args, name);
  const [key] = values;
  if (key === undefined) return undefined;
  return values.length > 1 || key === true ? NOT_A_KEY : key;
}

/** APISIX takes the first of several lines; a key may have a comma of its own, too. */
async function holderOf(
  key: string | typeof NOT_A_KEY,
  consumers: Consumers,
): Promise<Identity | undefined> {
  if (key === NOT_A_KEY) return undefined;
  const holder = await consumers.identified("key-auth", key);
  if (holder || !key.includes(", ")) return holder;
  return consumers.identified("key-auth", firstLine(key));
}
