import type { Resource } from "../../shared/resources/resource.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import { upstreamRefusal } from "../../shared/resources/upstream-support.ts";

/**
 * The upstream of a resource whose nodes are to be probed: a stand-alone one, or one inline in a route or
 * service. Undefined also where no request could go to it: the route is off, or the edge refuses it.
 */
export function checkedUpstreamOf({ kind, value }: Resource): Upstream | undefined {
  const upstream = upstreamIn(kind, value as Fields);
  return upstream?.checks?.active && !upstreamRefusal(upstream) ? upstream : undefined;
}

type Fields = Readonly<{ upstream?: Upstream; status?: number }>;

function upstreamIn(kind: Resource["kind"], value: Fields): Upstream | undefined {
  if (kind === "upstreams") return value as Upstream;
  if (kind === "services") return value.upstream;
  return kind === "routes" && value.status !== 0 ? value.upstream : undefined;
}
