import { setImmediate as nextTurn } from "node:timers/promises";
import {
  fieldOf,
  isObject,
  type JsonObject,
  luaText,
  luaType,
} from "../../../shared/json-schema/lua-value.ts";
import { type AdminKind, adminKind } from "./admin-kinds.ts";
import { KIND_CHECKS } from "./check-kinds.ts";
import type { EnabledPlugins } from "./enabled-plugins.ts";

/** One fault of `POST /configs/validate`. */
export interface ConfigFault {
  readonly resource_type: string;
  readonly resource_id?: unknown;
  /** From 0. */
  readonly index?: number;
  readonly error: string;
}

/**
 * All faults of a whole configuration, at most one of each resource: a map from kinds to lists. References
 * and duplicates of keys are not looked up, so the order of the lists does not matter.
 */
export async function validateConfigs(
  configs: JsonObject,
  enabled: EnabledPlugins,
): Promise<readonly ConfigFault[]> {
  const faults: ConfigFault[] = [];
  for (const [name, list] of Object.entries(configs)) {
    const kind = adminKind(name);
    // Others stand there as well, such as `routes_conf_version`.
    if (kind === undefined || name === "credentials") continue;
    if (Array.isArray(list)) faults.push(...(await validateList(kind, list, enabled)));
    else if (!isObject(list)) {
      const error = `invalid configuration: wrong type: expected array, got ${luaType(list)}`;
      faults.push({ resource_type: name, error });
    }
  }
  return faults;
}

/**
 * A hundred thousand routes take seconds, in which nothing else would run: no publishing, and no renewal of
 * the leadership, which would be lost.
 */
const ITEMS_A_TURN = 500;

async function validateList(kind: AdminKind, list: readonly unknown[], enabled: EnabledPlugins) {
  const faults: ConfigFault[] = [];
  const known = new Set<unknown>();
  for (const [index, item] of list.entries()) {
    if (index % ITEMS_A_TURN === ITEMS_A_TURN - 1) await nextTurn();
    const id = isObject(item) ? (fieldOf(item, "id") ?? fieldOf(item, "username")) : undefined;
    const error = (await itemFault(kind, item, enabled)) ?? duplicateFault(kind, id, known);
    known.add(id);
    if (error === undefined) continue;
    const named = id === undefined ? {} : { resource_id: id };
    faults.push({ resource_type: kind.name, ...named, index, error });
  }
  return faults;
}

function duplicateFault(kind: AdminKind, id: unknown, known: ReadonlySet<unknown>) {
  return id !== undefined && known.has(id)
    ? `found duplicate id ${luaText(id)} in ${kind.name}`
    : undefined;
}

/** A resource may have a `modifiedIndex` beside its fields: by it the gateway knows what has changed. */
async function itemFault(kind: AdminKind, item: unknown, enabled: EnabledPlugins) {
  if (!isObject(item)) {
    return `invalid configuration: wrong type: expected object, got ${luaType(item)}`;
  }
  const { modifiedIndex: _, ...value } = structuredClone(item);
  const id = fieldOf(value, "id");
  const isCredential = kind.name === "consumers" && luaText(id).includes("/credentials/");
  const check = KIND_CHECKS[isCredential ? "credentials" : kind.name];
  const fault = await check({
    value,
    // A consumer's is its user name, whatever else it has.
    id: id === undefined || kind.name === "consumers" ? undefined : luaText(id),
    context: { enabled },
  });
  return fault?.error_msg;
}
