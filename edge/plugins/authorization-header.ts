import type { Proof } from "./authentication.ts";
import type { Exchange } from "./exchange.ts";

/**
 * nginx answers 400 to a second `Authorization` line. A Worker sees lines of one name joined by ", ": a
 * comma that is not one between `name="value"` parameters is where a second line began. Which of the two
 * an upstream would go by, nobody knows. False for a `header` of another name, which may come twice.
 */
export function isRepeatedAuthorization(exchange: Exchange, header = AUTHORIZATION): boolean {
  if (header.toLowerCase() !== AUTHORIZATION) return false;
  const value = exchange.header(AUTHORIZATION) ?? "";
  return SECOND_LINE.test(value.replaceAll(/"[^"]*"/g, '""'));
}

const AUTHORIZATION = "authorization";

const SECOND_LINE = /,(?!\s*(?:\w+="|$))/;

/** What the header's first line says, where lines of one name were joined. */
export function firstLine(value: string): string {
  const comma = value.indexOf(", ");
  return comma < 0 ? value : value.slice(0, comma);
}

/** The answer to such a request: nginx's own page. */
export const REPEATED: Proof = { is: "malformed", exit: { status: 400 } };
