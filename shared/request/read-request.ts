import type { Facts } from "../routing/facts.ts";
import type { IpRanges } from "../routing/ip-ranges.ts";
import { matchingUri, type UriSettings } from "../routing/matching-uri.ts";
import { hostOf } from "../routing/normalise.ts";
import type { Client } from "./client.ts";
import { clientAddress, realAddress } from "./client-address.ts";
import { type HeadOfRequest, RequestVariables, type Surroundings } from "./variables.ts";

/** How an edge is set up to read requests. */
export interface ReadingSettings {
  /** The header with the client's address. */
  readonly clientIpHeader: string;
  /** Undefined: the header's whole value is the address. */
  readonly trustedProxies: IpRanges | undefined;
  /** The port that clients without a port in their Host asked; undefined: that of the scheme. */
  readonly listenPort: number | undefined;
  readonly uri: UriSettings;
}

/** What the gateway reads from a request before anything else. */
export interface ReadRequest {
  /** Its variables are `variables`. */
  readonly facts: Facts;
  /** Where matching throws `BodyNeeded`: match again with `{ ...facts, variables: variables.withBody(…) }`. */
  readonly variables: RequestVariables;
  /** The variable `uri`; `facts.uri`, which routes are matched against, may keep an encoded slash. */
  readonly uri: string;
  readonly client: Client;
  /** Path and query as they reached the Worker. */
  readonly rawTarget: string;
}

const STANDARD_PORTS = { http: 80, https: 443 } as const;

/** Undefined where nginx would answer 400: the target is no path, or the host no host. */
export function readRequest(
  request: HeadOfRequest & Pick<Request, "url">,
  settings: ReadingSettings,
  surroundings: Surroundings,
): ReadRequest | undefined {
  const { url } = request;
  const scheme: Client["scheme"] = url.startsWith("https:") ? "https" : "http";
  const afterScheme = scheme.length + 3;
  const slash = url.indexOf("/", afterScheme);
  // The target of `OPTIONS *`.
  if (slash < 0 && url.endsWith("*")) return undefined;
  const authority = url.slice(afterScheme, slash < 0 ? undefined : slash);
  const rawTarget = slash < 0 ? "/" : url.slice(slash);
  const path = matchingUri(rawTarget, settings.uri);
  const hostHeader = request.headers.get("host") ?? authority;
  const host = hostOf(hostHeader);
  if (path === undefined || host === undefined) return undefined;
  const told = request.headers.get(settings.clientIpHeader);
  const address = realAddress(clientAddress(told, settings.trustedProxies), request);
  const port = settings.listenPort ?? STANDARD_PORTS[scheme];
  const client = { address, scheme, hostHeader, port: portIn(hostHeader) ?? port };
  const { uri } = path;
  const variables = new RequestVariables(
    { request, uri, host, client, port, rawTarget },
    surroundings,
  );
  return {
    facts: {
      method: request.method,
      uri: path.matched,
      host,
      hostHeader,
      remoteAddr: address,
      variables,
    },
    variables,
    client,
    uri,
    rawTarget,
  };
}

function portIn(hostHeader: string): number | undefined {
  const port = /:(\d{1,5})$/.exec(hostHeader)?.[1];
  return port === undefined ? undefined : Number(port);
}
