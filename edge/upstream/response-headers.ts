import { connectionOptions } from "./request-headers.ts";

const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Types to which nginx adds the charset that APISIX configures, where the upstream names none. */
const TEXT = /^(text\/(html|xml|plain|vnd\.wap\.wml)|application\/(javascript|rss\+xml))$/i;

/** The upstream's headers as a client of APISIX gets them. */
export function clientResponseHeaders(upstream: Headers, server: string): Headers {
  const headers = new Headers(upstream);
  for (const name of [...connectionOptions(upstream), ...HOP_BY_HOP]) headers.delete(name);
  const type = headers.get("content-type");
  if (type && TEXT.test(type.trim())) headers.set("content-type", `${type.trim()}; charset=utf-8`);
  headers.set("server", server);
  return headers;
}
