import type { Exchange } from "../exchange.ts";
import type { OpenidConnectConfiguration } from "./configuration.ts";

const SUFFIX = "/.apisix/redirect";

type Configured = Pick<OpenidConnectConfiguration, "redirect_uri">;

/** Where the provider sends the browser back: as configured, or below what was asked for (reference 8.1). */
export function redirectUri(exchange: Exchange, configuration: Configured): string {
  const { client } = exchange;
  const uri = configuration.redirect_uri ?? encodeURI(redirectPath(exchange, configuration));
  return uri.startsWith("/") ? `${client.scheme}://${client.hostHeader}${uri}` : uri;
}

/** Whether the browser is back from the provider. */
export function isRedirected(exchange: Exchange, configuration: Configured): boolean {
  return isPath(exchange, redirectPath(exchange, configuration));
}

/** Whether that is the path of the request, as it was sent or decoded. */
export function isPath({ uri, rawTarget }: Exchange, path: string): boolean {
  return uri === path || rawTarget.replace(/[?#].*$/s, "") === path;
}

function redirectPath({ uri }: Exchange, { redirect_uri: configured }: Configured): string {
  if (configured !== undefined) {
    const path = configured.replace(/[?#].*$/s, "");
    return path.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, "") || "/";
  }
  if (uri.endsWith(SUFFIX)) return uri;
  return uri.endsWith("/") ? `${uri.slice(0, -1)}${SUFFIX}` : `${uri}${SUFFIX}`;
}
