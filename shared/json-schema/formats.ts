import { isIpAddress } from "../routing/ip-ranges.ts";

/** The formats that APISIX's validator looks at, and whether a text is of one. */
export const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map<
  string,
  (text: string) => boolean
>([
  // IPv6 addresses have a colon, the others have none.
  ["ipv4", (text) => !text.includes(":") && isIpAddress(text)],
  ["ipv6", (text) => text.includes(":") && isIpAddress(text)],
  ["email", (text) => /^[\w.-]+@[\w.-]+\.[A-Za-z]{2,4}$/.test(text)],
  ["hostname", (text) => /^[A-Za-z0-9.-]+$/.test(text)],
  ["uuid", (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)],
  ["date", (text) => DATE.test(text)],
  ["date-time", isDateTime],
  ["uri", (text) => /^[a-z][a-z0-9+.-]*:\S+$/i.test(text)],
]);

/** Formats that messages call addresses. */
export const ADDRESSES: ReadonlySet<string> = new Set(["ipv4", "ipv6", "email"]);

const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;

/** RFC 3339, section 5.6. */
function isDateTime(text: string): boolean {
  return DATE.test(text.slice(0, 10)) && /^t$/i.test(text.charAt(10)) && TIME.test(text.slice(11));
}
