import type { Client } from "../../shared/request/client.ts";

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

/** What Cloudflare adds on the way in, and an upstream of APISIX would not see. */
const ADDED_BY_CLOUDFLARE = [
  "cdn-loop",
  "cf-connecting-ip",
  "cf-connecting-ipv6",
  "cf-connecting-o2o",
  "cf-ew-via",
  "cf-ipcountry",
  "cf-pseudo-ipv4",
  "cf-ray",
  "cf-visitor",
  "cf-worker",
];

/** Written with the connection and the body. */
const SET_ELSEWHERE = ["host", "content-length"];

const DROPPED = [...HOP_BY_HOP, ...ADDED_BY_CLOUDFLARE, ...SET_ELSEWHERE];

/** The request's headers as an upstream of APISIX gets them, without Host, which the dialler sets. */
export function upstreamRequestHeaders(
  incoming: Headers,
  client: Client,
  acceptEncoding: string | undefined,
): Headers {
  return sentHeaders(observedHeaders(new Headers(incoming), client), client, acceptEncoding);
}

/** What APISIX writes anew before plugins run, who may then change it. Changes and returns `headers`. */
export function observedHeaders(headers: Headers, client: Client): Headers {
  headers.delete("forwarded");
  headers.set("x-forwarded-proto", client.scheme);
  headers.set("x-forwarded-host", client.hostHeader);
  headers.set("x-forwarded-port", String(client.port));
  return headers;
}

/** What is written when the request is sent, whatever plugins did. Changes and returns `headers`. */
export function sentHeaders(
  headers: Headers,
  client: Client,
  acceptEncoding: string | undefined,
): Headers {
  const forwardedFor = headers.get("x-forwarded-for");
  copiedHeaders(headers, acceptEncoding);
  headers.set("x-real-ip", client.address);
  headers.set(
    "x-forwarded-for",
    forwardedFor ? `${forwardedFor}, ${client.address}` : client.address,
  );
  return headers;
}

/** As `sentHeaders`, but for what tells of the client. */
export function copiedHeaders(headers: Headers, acceptEncoding: string | undefined): Headers {
  for (const name of connectionOptions(headers)) headers.delete(name);
  for (const name of DROPPED) headers.delete(name);
  // Cloudflare puts its own in the client's place; an answer must be in a coding that the client takes.
  if (acceptEncoding === "") headers.delete("accept-encoding");
  else if (acceptEncoding !== undefined) headers.set("accept-encoding", acceptEncoding);
  return headers;
}

/**
 * Headers that no sender may declare its connection's own: dropping them on a client's word would let it
 * strip what a plugin or a proxy before us has added.
 */
const NEVER_HOP_BY_HOP = new Set([
  "authorization",
  "cache-control",
  "cookie",
  "host",
  "set-cookie",
  "x-real-ip",
]);
const NEVER_HOP_BY_HOP_BEGINNINGS = ["content-", "x-consumer-", "x-credential-", "x-forwarded-"];
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** Keep-Alive itself is dropped with or without being named. */
const NO_OPTIONS: readonly string[] = [];

/**
 * Headers of the request's own that `Connection` names: not those that speak of every connection, and may
 * still be asked for.
 */
export function namedByConnection(headers: Headers): readonly string[] {
  return connectionOptions(headers).filter((name) => !OF_EVERY_CONNECTION.has(name));
}

/** Takes those out, and their names out of `Connection`. */
export function dropNamedByConnection(headers: Headers): void {
  const options = connectionOptions(headers).filter((name) => OF_EVERY_CONNECTION.has(name));
  for (const name of namedByConnection(headers)) headers.delete(name);
  if (options.length === 0) headers.delete("connection");
  else headers.set("connection", options.join(", "));
}

const OF_EVERY_CONNECTION = new Set([...HOP_BY_HOP, "close"]);

/** Names in `Connection`, which the sender meant for this connection only. */
export function connectionOptions(headers: Headers): readonly string[] {
  const value = headers.get("connection");
  if (!value || value.toLowerCase() === "keep-alive") return NO_OPTIONS;
  return value
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => TOKEN.test(name) && !isForTheReceiver(name));
}

function isForTheReceiver(name: string): boolean {
  return (
    NEVER_HOP_BY_HOP.has(name) ||
    NEVER_HOP_BY_HOP_BEGINNINGS.some((beginning) => name.startsWith(beginning))
  );
}
