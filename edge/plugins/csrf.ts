import { cookieTime } from "../../shared/request/times.ts";
import { type CsrfTokens, csrfTokens } from "./csrf-token.ts";
import type { Exchange } from "./exchange.ts";
import type { Exit } from "./exit.ts";
import { ConfigurationRefused, definePlugin } from "./plugin.ts";

interface CsrfConfiguration {
  readonly key: string;
  /** Seconds; 0: tokens are good for ever. */
  readonly expires: number;
  /** Of both the cookie and the header. */
  readonly name: string;
}

/**
 * `csrf`: a request that may change something has to bring a signed token twice, in a cookie and in a header,
 * which only a page of the same origin can (reference 8.2). Every answer brings a new one.
 */
export const csrf = definePlugin<CsrfConfiguration>((deps) => ({
  build({ key, expires, name }) {
    if (!HEADER_NAME.test(name)) {
      throw new ConfigurationRefused(`${JSON.stringify(name)} is no name for a header`);
    }
    const tokens = csrfTokens(key, expires, deps);
    return {
      access: (exchange) => checkTokens(exchange, name, tokens),
      async headerFilter(_exchange, { headers }) {
        const until = cookieTime(deps.now() + expires * 1000);
        const token = await tokens.create();
        headers.append("set-cookie", `${name}=${token};path=/;SameSite=Lax;Expires=${until}`);
      },
    };
  },
}));

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;

/** Methods that change nothing. */
const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

async function checkTokens(
  exchange: Exchange,
  name: string,
  tokens: CsrfTokens,
): Promise<Exit | undefined> {
  if (SAFE_METHODS.has(exchange.method)) return undefined;
  const inHeader = exchange.header(name);
  if (inHeader === null) return refusal("no csrf token in headers");
  const inCookie = exchange.variables.get(`cookie_${name}`);
  if (typeof inCookie !== "string") return refusal("no csrf cookie");
  if (inHeader !== inCookie) return refusal("csrf token mismatch");
  return (await tokens.isGood(inCookie))
    ? undefined
    : refusal("Failed to verify the csrf token signature");
}

function refusal(reason: string): Exit {
  return { status: 401, body: { error_msg: reason } };
}
