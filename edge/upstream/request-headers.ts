import type { Client } from "./proxy-target.ts";

/** Headers that speak of one connection (RFC 9110 7.6.1); those that `Connection` names come to them. */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
];

/** What Cloudflare adds on the way in; the upstream of an APISIX would never see it. */
const PLATFORM = /^(cf-|cdn-loop$|x-forwarded-proto$|true-client-ip$)/;

/** The request's headers as an upstream of APISIX gets them, without Host, which the dialler sets. */
export function upstreamRequestHeaders(incoming: Headers, client: Client): Headers {
  const headers = new Headers();
  const dropped = new Set([...HOP_BY_HOP, ...connectionOptions(incoming), "host", "forwarded"]);
  for (const [name, value] of incoming) {
    if (!dropped.has(name) && !PLATFORM.test(name)) headers.append(name, value);
  }
  const forwardedFor = incoming.get("x-forwarded-for");
  const chain = forwardedFor ? `${forwardedFor}, ${client.address}` : client.address;
  headers.set("x-real-ip", client.address);
  headers.set("x-forwarded-for", chain);
  headers.set("x-forwarded-proto", client.scheme);
  headers.set("x-forwarded-host", client.hostHeader);
  headers.set("x-forwarded-port", String(client.port));
  return headers;
}

/** Names in `Connection`, which the sender meant for this connection only. */
export function connectionOptions(headers: Headers): string[] {
  const value = headers.get("connection");
  return value ? value.split(",").map((name) => name.trim().toLowerCase()) : [];
}
