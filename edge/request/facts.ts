import type { Facts } from "../../shared/routing/facts.ts";
import { hostOf, normaliseUri } from "../../shared/routing/normalise.ts";
import type { Settings } from "../settings.ts";
import type { Client } from "../upstream/proxy-target.ts";

/** What the gateway reads from a request before anything else. */
export interface ReadRequest {
  readonly facts: Facts;
  readonly client: Client;
  /** Path and query as they reached the Worker. */
  readonly rawTarget: string;
}

/** Where the client's address is unknown. It is nobody's, so no rule about addresses lets it pass. */
const UNKNOWN_ADDRESS = "0.0.0.0";

const STANDARD_PORTS = { http: 80, https: 443 } as const;

/** Undefined where nginx would answer 400: the target is no path, or the host no host. */
export function readRequest(
  request: Request,
  { clientIpHeader, listenPort }: Pick<Settings, "clientIpHeader" | "listenPort">,
): ReadRequest | undefined {
  const { url } = request;
  const scheme: Client["scheme"] = url.startsWith("https:") ? "https" : "http";
  const afterScheme = scheme.length + 3;
  const slash = url.indexOf("/", afterScheme);
  const authority = url.slice(afterScheme, slash < 0 ? undefined : slash);
  const rawTarget = slash < 0 ? "/" : url.slice(slash);
  const uri = normaliseUri(rawTarget);
  const hostHeader = request.headers.get("host") ?? authority;
  const host = hostOf(hostHeader);
  if (uri === undefined || host === undefined) return undefined;
  const address = request.headers.get(clientIpHeader) ?? UNKNOWN_ADDRESS;
  return {
    facts: {
      method: request.method,
      uri,
      host,
      hostHeader,
      remoteAddr: address,
    },
    client: {
      address,
      scheme,
      hostHeader,
      port: portIn(hostHeader) ?? listenPort ?? STANDARD_PORTS[scheme],
    },
    rawTarget,
  };
}

function portIn(hostHeader: string): number | undefined {
  const port = /:(\d{1,5})$/.exec(hostHeader)?.[1];
  return port === undefined ? undefined : Number(port);
}
