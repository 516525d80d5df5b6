import type { Reach } from "../../shared/resources/reach.ts";
import type { Resource } from "../../shared/resources/resource.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import { upstreamRefusal } from "../../shared/resources/upstream-support.ts";

/**
 * The upstream of a resource whose nodes are to be probed: a stand-alone one, or one inline in a route or
 * service. Undefined also where no request could go to it: the route is off, or the edge refuses it.
 */
export function checkedUpstreamOf(resource: Resource, reach: Reach): Upstream | undefined {
  const { key, kind, value } = resource;
  const upstream = upstreamIn(kind, value as Fields);
  if (!upstream?.checks?.active) return undefined;
  return upstreamRefusal(upstream, key, reach) ? undefined : upstream;
}

type Fields = Readonly<{ upstream?: Upstream; status?: number }>;

function upstreamIn(kind: Resource["kind"], value: Fields): Upstream | undefined {
  if (kind === "upstreams") return value as Upstream;
  if (kind === "services") return value.upstream;
  return kind === "routes" && value.status !== 0 ? value.upstream : undefined;
}
