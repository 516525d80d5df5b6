import { parseCookies } from "../../../shared/request/cookies.ts";
import type { Exchange } from "../exchange.ts";

/** As lua-resty-session calls it. */
const NAME = "session";
/** Browsers keep 4096 bytes of a name, value and attributes. */
const LONGEST_VALUE = 3_800;
/** 76 kB; what is longer no browser and no proxy would carry. */
const MOST_COOKIES = 20;

/**
 * A text that may be longer than a cookie, over several: `session` begins with their number, `session_2`
 * and so on follow. Undefined: the request has none, or not all of it.
 */
export function readCookies({ request }: Exchange): string | undefined {
  const cookies = parseCookies(request.headers.get("cookie") ?? "");
  const [, digits, first] = /^(\d{1,2})\.(.*)$/s.exec(cookies.get(NAME) ?? "") ?? [];
  if (digits === undefined || first === undefined) return undefined;
  const parts = [first];
  for (let i = 2; i <= Math.min(Number(digits), MOST_COOKIES); i++) {
    const part = cookies.get(`${NAME}_${i}`);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts.join("");
}

/** On whatever answer comes. Throws an `Error` for a text that is too long. */
export function writeCookies(exchange: Exchange, text: string, lifetimeS: number): void {
  const count = Math.ceil(text.length / LONGEST_VALUE);
  if (count > MOST_COOKIES) throw new Error(`a session of ${text.length} bytes fits no cookies`);
  for (let i = 1; i <= count; i++) {
    const part = text.slice((i - 1) * LONGEST_VALUE, i * LONGEST_VALUE);
    setCookie(exchange, nameOf(i), i === 1 ? `${count}.${part}` : part, lifetimeS);
  }
  dropCookies(exchange, count + 1);
}

/** Has the browser forget those that the request brought, from the `from`th on. */
export function dropCookies(exchange: Exchange, from = 1): void {
  const cookies = parseCookies(exchange.request.headers.get("cookie") ?? "");
  for (let i = from; i <= MOST_COOKIES; i++) {
    if (cookies.has(nameOf(i))) setCookie(exchange, nameOf(i), "", 0);
  }
}

/** The session is between browser and gateway: it would only weigh on the upstream's requests. */
export function hideCookies(exchange: Exchange): void {
  const kept = (exchange.header("cookie") ?? "")
    .split(";")
    .filter((cookie) => !OURS.test(cookie))
    .join(";")
    .trim();
  if (kept === "") exchange.headers.delete("cookie");
  else exchange.headers.set("cookie", kept);
}

const OURS = new RegExp(`^\\s*${NAME}(_\\d{1,2})?\\s*=`);

function nameOf(i: number): string {
  return i === 1 ? NAME : `${NAME}_${i}`;
}

function setCookie({ answerHeaders, client }: Exchange, name: string, value: string, age: number) {
  // A browser keeps no Secure cookie of a site that it reaches by plain HTTP.
  const secure = client.scheme === "https" ? "; Secure" : "";
  answerHeaders.append(
    "set-cookie",
    `${name}=${value}; Path=/; Max-Age=${age}; HttpOnly${secure}; SameSite=Lax`,
  );
}
