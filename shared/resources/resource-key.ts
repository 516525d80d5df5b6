/** Which resource a key below the prefix is. No schema here: the edge uses these names too. */

export type KindName =
  | "routes"
  | "services"
  | "upstreams"
  | "plugin_configs"
  | "global_rules"
  | "consumers"
  | "credentials"
  | "consumer_groups"
  | "plugin_metadata"
  | "ssls"
  | "protos"
  | "secrets"
  | "stream_routes";

export const KIND_NAMES: readonly KindName[] = [
  "routes",
  "services",
  "upstreams",
  "plugin_configs",
  "global_rules",
  "consumers",
  "credentials",
  "consumer_groups",
  "plugin_metadata",
  "ssls",
  "protos",
  "secrets",
  "stream_routes",
];

export type ResourceKey =
  /** `id` is what follows the directory: `1`, `vault/1`; of a credential `jack/credentials/c1`. */
  | { readonly is: "resource"; readonly kind: KindName; readonly id: string }
  /** A key of APISIX's that is no resource, or that only APISIX itself uses. */
  | { readonly is: "skipped"; readonly why: string }
  | { readonly is: "unknown"; readonly found: string; readonly wanted: string };

const ID_SHAPES: Partial<Record<KindName, string>> = {
  consumers: "a user name, or <user name>/credentials/<id>",
  secrets: "<manager>/<id>",
};

const SKIPPED: readonly (readonly [RegExp, string])[] = [
  [/\/$/, "the placeholder of a directory"],
  [/^plugins(\/|$)/, "the list of enabled plugins of APISIX itself"],
  [/^gen_id$/, "the Admin API's counter"],
  [/^data_plane\//, "a heartbeat of APISIX's data planes"],
  [/^services\/[^/]+\/graphql_cost_decorations\//, "a cost decoration for graphql-limit-count"],
];

/** `key` is below the prefix, without a leading slash, e.g. `routes/1`. */
export function parseResourceKey(key: string): ResourceKey {
  for (const [pattern, why] of SKIPPED) {
    if (pattern.test(key)) return { is: "skipped", why };
  }
  const slash = key.indexOf("/");
  const directory = slash < 0 ? key : key.slice(0, slash);
  const id = slash < 0 ? "" : key.slice(slash + 1);
  const kind = KIND_NAMES.find((name) => name === directory);
  if (!kind || kind === "credentials") {
    const wanted = `one of ${KIND_NAMES.filter((name) => name !== "credentials").join(", ")}`;
    return { is: "unknown", found: `the directory ${JSON.stringify(directory)}`, wanted };
  }
  if (kind === "consumers" && /^[^/]+\/credentials\/[^/]+$/.test(id)) {
    return { is: "resource", kind: "credentials", id };
  }
  const parts = id.split("/");
  const wanted = kind === "secrets" ? 2 : 1;
  if (id === "" || parts.length !== wanted || parts.includes("")) {
    const found = id === "" ? "a directory without an id" : `the id ${JSON.stringify(id)}`;
    return { is: "unknown", found, wanted: ID_SHAPES[kind] ?? "an id without a slash" };
  }
  return { is: "resource", kind, id };
}

/** The key below the prefix of a resource: the other direction of `parseResourceKey`. */
export function resourceKey(kind: KindName, id: string): string {
  return `${kind === "credentials" ? "consumers" : kind}/${id}`;
}
