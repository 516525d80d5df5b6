import { type HeadOfRequest, RequestVariables } from "../../shared/request/variables.ts";
import { matchingUri, type UriSettings } from "../../shared/routing/matching-uri.ts";
import { hostOf } from "../../shared/routing/normalise.ts";
import type { TriedRequest } from "./naive-matcher.ts";

/** A request as a client sends it. */
export interface SentRequest {
  readonly method: string;
  readonly target: string;
  /** The Host header; undefined: none. */
  readonly host: string | undefined;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly remoteAddr: string;
  readonly body: string | undefined;
}

/**
 * `METHOD Host target`, then any of ` | Name: value` (a header), ` | from ADDRESS`, ` | body TEXT`.
 * Host `-` is none.
 */
export function parseSentRequest(text: string): SentRequest {
  const [line = "", ...parts] = text.split(" | ");
  const [method = "", host = "", target = ""] = line.split(" ");
  const headers: [string, string][] = [];
  let remoteAddr = "203.0.113.1";
  let body: string | undefined;
  for (const part of parts) {
    const [, word, rest = ""] = /^(\S+) (.*)$/.exec(part) ?? [];
    if (word === "from") remoteAddr = rest;
    else if (word === "body") body = rest;
    else headers.push([(word ?? part).replace(/:$/, ""), rest]);
  }
  return { method, target, host: host === "-" ? undefined : host, headers, remoteAddr, body };
}

/** As the edge reads it; undefined where it answers 400. */
export function triedRequest(sent: SentRequest, settings: UriSettings): TriedRequest | undefined {
  const { method, remoteAddr, target } = sent;
  const path = matchingUri(target, settings);
  const [, authority] = /^https?:\/\/([^/?#]*)/i.exec(target) ?? [];
  const host = hostOf(authority ?? sent.host);
  if (path === undefined || host === undefined) return undefined;
  const { uri } = path;
  const hostHeader = sent.host ?? "";
  const client = { address: remoteAddr, scheme: "http", hostHeader, port: 80 } as const;
  const head = { request: headOf(sent), uri, host, client, port: 9080, rawTarget: target };
  const variables = new RequestVariables(head, SURROUNDINGS).withBody(
    new TextEncoder().encode(sent.body ?? ""),
  );
  return { method, uri: path.matched, host, hostHeader, remoteAddr, variables };
}

const SURROUNDINGS = { now: () => 0, requestId: () => "0".repeat(32), maxBodyBytes: 1024 * 1024 };

/** Header values are bytes to the platform, text to whoever wrote the test. */
function headOf({ method, headers, body }: SentRequest): HeadOfRequest {
  const sent = new Headers();
  for (const [name, value] of headers) sent.append(name, value);
  return { method, headers: sent, body: body === undefined ? null : new Blob([body]).stream() };
}
