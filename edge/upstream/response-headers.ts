import { withCharset } from "../error-page.ts";
import { connectionOptions } from "./request-headers.ts";

const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Statuses whose responses have no body, so a length would be of something else. */
const WITHOUT_BODY = new Set([101, 204, 205]);

/** The upstream's headers as a client of APISIX gets them. Changes and returns `headers`. */
export function clientResponseHeaders(headers: Headers, status: number, server: string): Headers {
  for (const name of connectionOptions(headers)) headers.delete(name);
  for (const name of HOP_BY_HOP) headers.delete(name);
  if (WITHOUT_BODY.has(status)) headers.delete("content-length");
  const type = headers.get("content-type");
  const told = type && withCharset(type, status);
  if (told && told !== type) headers.set("content-type", told);
  headers.set("server", server);
  return headers;
}
