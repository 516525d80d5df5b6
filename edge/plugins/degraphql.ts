import type { JsonValue } from "../../shared/expression/variables.ts";
import { parseForm, valuesByName } from "../../shared/request/form.ts";
import { escapePath } from "../../shared/routing/escape-uri.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { definePlugin } from "./plugin.ts";

interface DegraphqlConfiguration {
  readonly query: string;
  /** Names of arguments, or of the body's fields, that become variables of the query. */
  readonly variables?: readonly string[];
  readonly operation_name?: string;
  readonly max_req_body_size: number;
}

type Fields = Readonly<Record<string, JsonValue>>;

/** `degraphql`: a plain request becomes the GraphQL query of the configuration (reference 8.4). */
export const degraphql = definePlugin<DegraphqlConfiguration>(() => ({
  build({ query, variables: names, operation_name: operationName, max_req_body_size: maxBytes }) {
    const fixed = { ...(operationName === undefined ? {} : { operationName }), query };
    return {
      async access(exchange): Promise<Exit | undefined> {
        if (exchange.method === "GET") {
          const given = names && picked(names, argsOf(exchange));
          askByArgs(exchange, given ? { ...fixed, variables: JSON.stringify(given) } : fixed);
          return undefined;
        }
        if (exchange.method !== "POST") return { status: 405 };
        const body = await exchange.readBody(maxBytes);
        if (body === "too long") return { status: 413 };
        const fields = names ? parseFields(body) : {};
        if (!fields) return { status: 400 };
        const given = names && picked(names, fields);
        exchange.headers.set("content-type", "application/json");
        exchange.body = new TextEncoder().encode(
          JSON.stringify(given ? { ...fixed, variables: given } : fixed),
        );
        return undefined;
      },
    };
  },
}));

function argsOf({ args }: Exchange): Fields {
  return valuesByName(parseForm(args));
}

function picked(names: readonly string[], fields: Fields): Fields {
  const known = names.filter((name) => Object.hasOwn(fields, name));
  return Object.fromEntries(known.map((name) => [name, fields[name] as JsonValue]));
}

/** A list has no fields that a name could mean. Undefined: it is neither list nor object. */
function parseFields(body: Uint8Array): Fields | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    if (Array.isArray(value)) return {};
    return typeof value === "object" && value !== null ? (value as Fields) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A path that proxy-rewrite has made keeps the query that it has, as in APISIX. */
function askByArgs(exchange: Exchange, fields: Readonly<Record<string, string>>): void {
  const args = Object.entries(fields)
    .map(([name, text]) => `${name}=${encodeURIComponent(text)}`)
    .join("&");
  exchange.args = args;
  if (!exchange.isRewritten) exchange.target = `${escapePath(exchange.uri)}?${args}`;
}
