import { addressFor } from "./dial-plan.ts";
import type { Network } from "./network.ts";

/**
 * `fetch` for what plugins ask beside the upstreams (log servers, collectors, policy servers): an address
 * that is private goes through the private network, where one is bound, and anything else over the
 * Internet.
 */
export function createServiceFetch(
  publicFetch: typeof fetch,
  privateNetwork: Pick<Network, "fetch"> | undefined,
): typeof fetch {
  return (input, init) => {
    const request = typeof input === "string" || input instanceof URL ? undefined : input;
    const url = request?.url ?? String(input);
    if (!privateNetwork || !isPrivate(url)) return publicFetch(input, init);
    if (!request) return privateNetwork.fetch(url, init ?? {});
    const { method, headers, body, redirect, signal } = new Request(request, init);
    return privateNetwork.fetch(url, { method, headers, body, redirect, signal });
  };
}

function isPrivate(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname: host, port } = new URL(url);
  const address = addressFor("http", { host, port: Number(port) || 80, weight: 1, priority: 0 });
  return address.isPrivate;
}
