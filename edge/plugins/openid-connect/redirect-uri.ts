import type { Exchange } from "../exchange.ts";
import type { OpenidConnectConfiguration } from "./configuration.ts";

const SUFFIX = "/.apisix/redirect";

type Configured = Pick<OpenidConnectConfiguration, "redirect_uri">;

/** Where the provider sends the browser back: as configured, or below what was asked for (reference 8.1). */
export function redirectUri(exchange: Exchange, configuration: Configured): string {
  const { client } = exchange;
  // As it was sent: what is escaped in it stays so.
  const uri = configuration.redirect_uri ?? below(rawPath(exchange));
  return uri.startsWith("/") ? `${client.scheme}://${client.hostHeader}${uri}` : uri;
}

/** Whether the browser is back from the provider. */
export function isRedirected(exchange: Exchange, configuration: Configured): boolean {
  return isPath(exchange, redirectPath(exchange, configuration));
}

/** Whether that is the path of the request, as it was sent or decoded. */
export function isPath(exchange: Exchange, path: string): boolean {
  return exchange.uri === path || rawPath(exchange) === path;
}

function rawPath({ rawTarget }: Exchange): string {
  return rawTarget.replace(/[?#].*$/s, "");
}

function redirectPath({ uri }: Exchange, { redirect_uri: configured }: Configured): string {
  if (configured !== undefined) {
    const path = configured.replace(/[?#].*$/s, "");
    return path.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, "") || "/";
  }
  return below(uri);
}

function below(path: string): string {
  if (path.endsWith(SUFFIX)) return path;
  return path.endsWith("/") ? `${path.slice(0, -1)}${SUFFIX}` : `${path}${SUFFIX}`;
}
