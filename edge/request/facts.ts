import type { Facts } from "../../shared/routing/facts.ts";
import { matchingUri } from "../../shared/routing/matching-uri.ts";
import { hostOf } from "../../shared/routing/normalise.ts";
import type { Settings } from "../settings.ts";
import type { Client } from "../upstream/proxy-target.ts";
import { clientAddress } from "./client-address.ts";
import { RequestVariables, type Surroundings } from "./variables.ts";

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
  request: Request,
  settings: Pick<Settings, "clientIpHeader" | "listenPort" | "trustedProxies" | "uri">,
  surroundings: Surroundings,
): ReadRequest | undefined {
  const { url } = request;
  const scheme: Client["scheme"] = url.startsWith("https:") ? "https" : "http";
  const afterScheme = scheme.length + 3;
  const slash = url.indexOf("/", afterScheme);
  const authority = url.slice(afterScheme, slash < 0 ? undefined : slash);
  const rawTarget = slash < 0 ? "/" : url.slice(slash);
  const path = matchingUri(rawTarget, settings.uri);
  const hostHeader = request.headers.get("host") ?? authority;
  const host = hostOf(hostHeader);
  if (path === undefined || host === undefined) return undefined;
  const address = clientAddress(
    request.headers.get(settings.clientIpHeader),
    settings.trustedProxies,
  );
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
