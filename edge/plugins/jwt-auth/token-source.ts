import { parseCookies } from "../../../shared/request/cookies.ts";
import { firstLine } from "../authorization-header.ts";
import type { Exchange } from "../exchange.ts";
import { argumentValues, withoutArgument } from "../query-arguments.ts";

export interface TokenPlaces {
  readonly header: string;
  readonly query: string;
  readonly cookie: string;
}

/** Where a request may carry its token: the first place that has one counts, whatever is in it. */
export class TokenSource {
  readonly #places: TokenPlaces;

  constructor(places: TokenPlaces) {
    this.#places = places;
  }

  /** Undefined: there is none; "": there is something that is no token. */
  tokenOf(exchange: Exchange): string | undefined {
    const { header, query, cookie } = this.#places;
    const sent = exchange.header(header);
    if (sent !== null) return firstLine(withoutBearer(sent));
    const [argument, ...more] = argumentValues(exchange.args, query);
    if (argument !== undefined) return argument === true || more.length > 0 ? "" : argument;
    return parseCookies(exchange.header("cookie") ?? "").get(cookie);
  }

  /** Takes the place that counted out of the request; other cookies stay. */
  removeFrom(exchange: Exchange): void {
    const { header, query, cookie } = this.#places;
    if (exchange.header(header) !== null) {
      exchange.headers.delete(header);
    } else if (argumentValues(exchange.args, query).length > 0) {
      exchange.args = withoutArgument(exchange.args, query);
    } else {
      removeCookie(exchange, cookie);
    }
  }
}

/** As in APISIX, in no other spelling. */
function withoutBearer(value: string): string {
  return value.replace(/^[Bb]earer /, "");
}

function removeCookie(exchange: Exchange, name: string): void {
  const cookies = (exchange.header("cookie") ?? "").split(";").map((part) => part.trim());
  const others = cookies.filter((part) => part !== "" && part.split("=", 1)[0]?.trim() !== name);
  if (others.length === 0) exchange.headers.delete("cookie");
  else exchange.headers.set("cookie", others.join("; "));
}
