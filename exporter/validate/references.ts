import type { Resource } from "../../shared/resources/resource.ts";
import type { KindName } from "../../shared/resources/resource-key.ts";
import type { Notice } from "../rejection.ts";

/**
 * APISIX does not look at references when it loads: a request that needs what is missing fails, and the
 * edge answers as APISIX does. So a dangling id is a notice, not a rejection.
 */

interface Reference {
  readonly field: "service_id" | "upstream_id" | "plugin_config_id" | "group_id";
  readonly kind: KindName;
  readonly what: string;
  /** What APISIX answers where it is missing. */
  readonly status: number;
}

const UPSTREAM: Reference = {
  field: "upstream_id",
  kind: "upstreams",
  what: "upstream",
  status: 502,
};

const OF_ROUTE: readonly Reference[] = [
  { field: "service_id", kind: "services", what: "service", status: 404 },
  { field: "plugin_config_id", kind: "plugin_configs", what: "plugin_config", status: 503 },
  UPSTREAM,
];

const OF_SERVICE: readonly Reference[] = [UPSTREAM];

const OF_CONSUMER: readonly Reference[] = [
  { field: "group_id", kind: "consumer_groups", what: "consumer_group", status: 503 },
];

/** The keys below the prefix of what a resource refers to. */
export function referencesOf(resource: Resource): string[] {
  const value = resource.value as Referring;
  const targets: string[] = [];
  for (const { field, kind } of referencesIn(resource)) {
    const id = value[field];
    if (id !== undefined) targets.push(`${kind}/${id}`);
  }
  return targets;
}

type Referring = Readonly<Partial<Record<Reference["field"], string | number>>>;

/** `exists` is asked with a key below the prefix; `wholeKey` turns one into etcd's. */
export function danglingReferences(
  resource: Resource,
  exists: (key: string) => boolean,
  wholeKey: (key: string) => string,
): Notice[] {
  const value = resource.value as Referring;
  const notices: Notice[] = [];
  for (const { field, kind, what, status } of referencesIn(resource)) {
    const id = value[field];
    const target = `${kind}/${id}`;
    if (id === undefined || exists(target)) continue;
    notices.push({
      key: wholeKey(resource.key),
      path: field,
      effect: "refused",
      reason: `there is no ${what} ${id}; requests that need it are answered with ${status}`,
      remedy: `put ${wholeKey(target)}, or correct ${field}`,
    });
  }
  return notices;
}

function referencesIn({ kind }: Resource): readonly Reference[] {
  switch (kind) {
    case "routes":
      return OF_ROUTE;
    case "services":
      return OF_SERVICE;
    case "consumers":
      return OF_CONSUMER;
    default:
      return [];
  }
}
