import { connect as connectTo } from "cloudflare:sockets";

/**
 * Stands in a bundle of the edge for the platform's sockets, and takes over its `fetch`: what goes to an
 * upstream of the recordings arrives at the port that this upstream has here, and nobody in the edge
 * knows. A node's port is part of what balancers hash and what a Host says; so the edge must see the
 * recorded one.
 */
declare const UPSTREAM_PORTS: Readonly<Record<string, number>>;

export function connect(address: string | SocketAddress, options?: SocketOptions): Socket {
  if (typeof address === "string") return connectTo(here(address), options);
  const { hostname, port } = address;
  return connectTo(here(`${hostname}:${port}`), options);
}

const fetchFrom = globalThis.fetch;

globalThis.fetch = (input: RequestInfo | URL, init?: RequestInit) => {
  if (input instanceof Request) return fetchFrom(new Request(here(input.url), input), init);
  return fetchFrom(here(String(input)), init);
};

function here(address: string): string {
  return address.replace(
    /^((?:https?:\/\/)?(?:127\.0\.0\.1|localhost):)(\d+)/,
    (_all, before: string, port: string) => before + (UPSTREAM_PORTS[port] ?? port),
  );
}
