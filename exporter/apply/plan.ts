import { KIND_NAMES, type KindName } from "../../shared/resources/resource-key.ts";
import type { JsonObject } from "../encryption/field-cipher.ts";
import type { StoredConfiguration, StoredResource } from "./stored-configuration.ts";
import { contentOf, type WantedResource } from "./wanted-resource.ts";

/** One step from what is stored to what is wanted. */
export interface Change {
  /** Below the prefix. */
  readonly key: string;
  readonly kind: KindName;
  readonly id: string;
  readonly does: "create" | "update" | "delete";
  /** Undefined: it is to be gone. */
  readonly wanted: WantedResource | undefined;
  /** Of what is there; 0 where nothing is. */
  readonly modRevision: number;
  /** To be kept. */
  readonly createTime: unknown;
  /** Of a service that goes: its cost decorations go with it. */
  readonly hasDecorations: boolean;
}

export interface Plan {
  /** In an order in which no reference dangles on the way. */
  readonly changes: readonly Change[];
  readonly unchanged: number;
}

export interface PlanOptions {
  /** Of these kinds what is not wanted goes; of the others, it stays. */
  readonly prune: ReadonlySet<KindName>;
}

/** Whatever others refer to comes before them; what goes, goes the other way round. */
const ORDER: readonly KindName[] = [
  "secrets",
  "protos",
  "plugin_metadata",
  "ssls",
  "upstreams",
  "plugin_configs",
  "services",
  "consumer_groups",
  "consumers",
  "credentials",
  "stream_routes",
  "routes",
  "global_rules",
];

export const EVERY_KIND: ReadonlySet<KindName> = new Set(KIND_NAMES);
export const NO_KIND: ReadonlySet<KindName> = new Set();

export function planChanges(
  wanted: ReadonlyMap<string, WantedResource>,
  stored: Pick<StoredConfiguration, "resources" | "decorations">,
  { prune }: PlanOptions,
): Plan {
  const puts: Change[] = [];
  for (const resource of wanted.values()) {
    const change = changeTo(resource, stored.resources.get(resource.key));
    if (change) puts.push(change);
  }
  const deletes: Change[] = [];
  for (const resource of stored.resources.values()) {
    if (wanted.has(resource.key) || !prune.has(resource.kind)) continue;
    const below = `${resource.key}/`;
    deletes.push(
      deletion(
        resource,
        stored.decorations.some((key) => key.startsWith(below)),
      ),
    );
  }
  const rank = ({ kind }: Change) => ORDER.indexOf(kind);
  puts.sort((a, b) => rank(a) - rank(b));
  deletes.sort((a, b) => rank(b) - rank(a));
  return { changes: [...puts, ...deletes], unchanged: wanted.size - puts.length };
}

/** Undefined where what is stored is what is wanted. */
export function changeTo(
  wanted: WantedResource,
  stored: Pick<StoredResource, "value" | "modRevision"> | undefined,
): Change | undefined {
  const { key, kind, id } = wanted;
  if (stored?.value && contentOf(stored.value) === contentOf(wanted.value)) return undefined;
  return {
    key,
    kind,
    id,
    does: stored ? "update" : "create",
    wanted,
    modRevision: stored?.modRevision ?? 0,
    createTime: stored?.value?.create_time,
    hasDecorations: false,
  };
}

function deletion({ key, kind, id, modRevision }: StoredResource, hasDecorations: boolean): Change {
  const gone = { does: "delete", wanted: undefined, createTime: undefined } as const;
  return { key, kind, id, ...gone, modRevision, hasDecorations };
}

/** As it is put: with the times that the Admin API writes, in whole seconds. */
export function timedValue(
  { kind, wanted, createTime }: Change,
  nowSeconds: number,
): JsonObject | undefined {
  if (!wanted || kind === "plugin_metadata") return wanted?.value;
  const created = typeof createTime === "number" ? createTime : nowSeconds;
  return { ...wanted.value, create_time: created, update_time: nowSeconds };
}
