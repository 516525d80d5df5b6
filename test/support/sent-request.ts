import { matchingUri, type UriSettings } from "../../shared/routing/matching-uri.ts";
import { hostOf } from "../../shared/routing/normalise.ts";
import type { TriedRequest } from "./naive-matcher.ts";
import { variablesOf } from "./routing-world.ts";

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
  const { method, remoteAddr } = sent;
  const path = matchingUri(sent.target, settings);
  const host = hostOf(sent.host);
  if (path === undefined || host === undefined) return undefined;
  const hostHeader = sent.host ?? "";
  return {
    method,
    uri: path.matched,
    host,
    hostHeader,
    remoteAddr,
    variables: variablesOf({ uri: path.uri, host }),
  };
}
