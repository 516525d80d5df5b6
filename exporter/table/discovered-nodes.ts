import type { Resource } from "../../shared/resources/resource.ts";
import { parseDnsServiceName } from "../../shared/resources/service-name.ts";
import type { Upstream, UpstreamNode } from "../../shared/resources/upstream.ts";

/** The nodes of a service; undefined while nobody knows them. */
export type NodesOf = (service: string) => readonly UpstreamNode[] | undefined;

const NO_SERVICES: readonly string[] = [];

/** The services, as `service_name` writes them, whose nodes a resource has from DNS. */
export function dnsServicesOf(resource: Resource): readonly string[] {
  const service = serviceOf(upstreamIn(resource));
  return service === undefined ? NO_SERVICES : [service];
}

/** The resource with the nodes of its service; while they are unknown it keeps those that it has. */
export function fillInNodes<R extends Resource>(resource: R, nodesOf: NodesOf): R {
  const upstream = upstreamIn(resource);
  const service = serviceOf(upstream);
  if (upstream === undefined || service === undefined) return resource;
  const filled = { ...upstream, nodes: nodesOf(service) ?? upstream.nodes };
  const value = resource.kind === "upstreams" ? filled : { ...resource.value, upstream: filled };
  return { ...resource, value };
}

/** The nodes that a published body has for the service; undefined where it has none, or another service. */
export function nodesInBody(
  resource: Resource,
  service: string,
): readonly UpstreamNode[] | undefined {
  const upstream = upstreamIn(resource);
  const isOfService = serviceOf(upstream) === service;
  return isOfService && upstream && upstream.nodes.length > 0 ? upstream.nodes : undefined;
}

function upstreamIn({ kind, value }: Resource): Upstream | undefined {
  if (kind === "upstreams") return value as Upstream;
  if (kind !== "routes" && kind !== "services") return undefined;
  return (value as { readonly upstream?: Upstream }).upstream;
}

function serviceOf(upstream: Upstream | undefined): string | undefined {
  const { service_name: service, discovery_type: by } = upstream ?? {};
  if (by !== "dns" || service === undefined) return undefined;
  return parseDnsServiceName(service) && service;
}
