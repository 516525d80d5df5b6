import { parseCookies } from "../../../shared/request/cookies.ts";
import type { Exchange } from "../exchange.ts";

/** Browsers keep 4096 bytes of a name, value and attributes. */
const LONGEST_VALUE = 3_800;
/** 76 kB; what is longer no browser and no proxy would carry. */
const MOST_COOKIES = 20;

/**
 * A text that may be longer than a cookie, over several: `name` begins with their number, `name_2` and so
 * on follow. Undefined: the request has none, or not all of it.
 */
export function readCookies({ request }: Exchange, name: string): string | undefined {
  const cookies = parseCookies(request.headers.get("cookie") ?? "");
  const [, digits, first] = /^(\d{1,2})\.(.*)$/s.exec(cookies.get(name) ?? "") ?? [];
  if (digits === undefined || first === undefined) return undefined;
  const parts = [first];
  for (let i = 2; i <= Math.min(Number(digits), MOST_COOKIES); i++) {
    const part = cookies.get(nameOf(name, i));
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts.join("");
}

/** On whatever answer comes. Throws an `Error` for a text that is too long. */
export function writeCookies(
  exchange: Exchange,
  name: string,
  text: string,
  lifetimeS: number,
): void {
  const count = Math.ceil(text.length / LONGEST_VALUE);
  if (count > MOST_COOKIES) throw new Error(`a session of ${text.length} bytes fits no cookies`);
  for (let i = 1; i <= count; i++) {
    const part = text.slice((i - 1) * LONGEST_VALUE, i * LONGEST_VALUE);
    setCookie(exchange, nameOf(name, i), i === 1 ? `${count}.${part}` : part, lifetimeS);
  }
  dropCookies(exchange, name, count + 1);
}

/** Has the browser forget those that the request brought, from the `from`th on. */
export function dropCookies(exchange: Exchange, name: string, from = 1): void {
  const cookies = parseCookies(exchange.request.headers.get("cookie") ?? "");
  for (let i = from; i <= MOST_COOKIES; i++) {
    if (cookies.has(nameOf(name, i))) setCookie(exchange, nameOf(name, i), "", 0);
  }
}

/** The session is between browser and gateway: it would only weigh on the upstream's requests. */
export function hideCookies(exchange: Exchange, name: string): void {
  const ours = new RegExp(`^\\s*${name}(_\\d{1,2})?\\s*=`);
  const kept = (exchange.header("cookie") ?? "")
    .split(";")
    .filter((cookie) => !ours.test(cookie))
    .join(";")
    .trim();
  if (kept === "") exchange.headers.delete("cookie");
  else exchange.headers.set("cookie", kept);
}

function nameOf(name: string, i: number): string {
  return i === 1 ? name : `${name}_${i}`;
}

function setCookie({ answerHeaders, client }: Exchange, name: string, value: string, age: number) {
  // A browser keeps no Secure cookie of a site that it reaches by plain HTTP.
  const secure = client.scheme === "https" ? "; Secure" : "";
  answerHeaders.append(
    "set-cookie",
    `${name}=${value}; Path=/; Max-Age=${age}; HttpOnly${secure}; SameSite=Lax`,
  );
}
