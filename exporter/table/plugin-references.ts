import type { KindName } from "../../shared/resources/resource-key.ts";

/**
 * What a resource refers to beside the ids in its own fields: APISIX does not check that these exist, but
 * deletes none of them while they are in use (reference 9.6). Keys below the prefix. The value may be of
 * any shape.
 */
export function pluginReferencesOf(kind: KindName, value: object): string[] {
  const found: string[] = [];
  const { plugins, protocol } = value as {
    readonly plugins?: unknown;
    readonly protocol?: unknown;
  };
  const add = (directory: string, id: unknown) => {
    if (typeof id === "string" || typeof id === "number") found.push(`${directory}/${id}`);
  };
  if (kind === "stream_routes") add("stream_routes", field(protocol, "superior_id"));
  add("protos", field(field(plugins, "grpc-transcode"), "proto_id"));
  for (const rule of members(field(field(plugins, "traffic-split"), "rules"))) {
    for (const weighted of members(field(rule, "weighted_upstreams"))) {
      add("upstreams", field(weighted, "upstream_id"));
    }
  }
  return [...new Set(found)];
}

function field(holder: unknown, name: string): unknown {
  if (typeof holder !== "object" || holder === null || !Object.hasOwn(holder, name))
    return undefined;
  return (holder as Record<string, unknown>)[name];
}

function members(list: unknown): readonly unknown[] {
  return Array.isArray(list) ? list : [];
}
