import { type KindName, parseResourceKey } from "../../shared/resources/resource-key.ts";
import type { Clock } from "../clock.ts";
import type { FieldCipher, JsonObject } from "../encryption/field-cipher.ts";
import { readPages } from "../etcd/base-read.ts";
import { keysUnder } from "../etcd/key-bytes.ts";
import type { EtcdTransport } from "../etcd/transport.ts";
import { identitiesOf } from "../table/identities.ts";
import { pluginReferencesOf } from "../table/plugin-references.ts";
import type { ConfigurationView } from "./configuration-view.ts";
import { inTheClear, readStored, type StoredValue, storedValue } from "./stored-values.ts";

export interface RelationsDeps {
  readonly transport: EtcdTransport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly prefix: string;
  readonly view: ConfigurationView;
  readonly cipher: FieldCipher;
  /** How long a view that lags is waited for, in ms. */
  readonly patienceMs?: number;
}

/** A resource as it is stored now, its secrets in the clear. */
export interface Related {
  /** Below the prefix. */
  readonly key: string;
  readonly kind: KindName;
  readonly id: string;
  readonly value: JsonObject;
}

const PATIENCE_MS = 2000;
const LOOK_EVERY_MS = 10;
/** Reads under way at once. */
const READS_AT_ONCE = 16;

/** The kinds that can refer to others, in the order in which APISIX looks at them. */
const REFERRING: readonly KindName[] = [
  "routes",
  "services",
  "stream_routes",
  "plugin_configs",
  "consumers",
  "consumer_groups",
  "global_rules",
];

const ID_FIELDS: readonly (readonly [field: string, directory: string])[] = [
  ["upstream_id", "upstreams"],
  ["service_id", "services"],
  ["plugin_config_id", "plugin_configs"],
  ["group_id", "consumer_groups"],
];

/** Keys below the prefix of all that a stored value refers to. */
export function targetsOf(kind: KindName, value: JsonObject): string[] {
  const targets = pluginReferencesOf(kind, value);
  for (const [field, directory] of ID_FIELDS) {
    const id = Object.hasOwn(value, field) ? value[field] : undefined;
    if (typeof id === "string" || typeof id === "number") targets.push(`${directory}/${id}`);
  }
  return targets;
}

/**
 * Who refers to a key, and who has an identity: found in the exporter's view, and then read from etcd, since
 * the view may be late. Where it is too late, everything is read instead. All throw `EtcdError`.
 */
export class Relations {
  readonly #deps: RelationsDeps;

  constructor(deps: RelationsDeps) {
    this.#deps = deps;
  }

  /** The first who refers to `key`, among all that was written up to revision `since`. */
  async userOf(key: string, since: number): Promise<Related | undefined> {
    const refers = ({ kind, value }: Related) => targetsOf(kind, value).includes(key);
    if (await this.#hasReached(since)) {
      const found = [...this.#deps.view.usersOf(key)].sort(byKind);
      return this.#first(found, refers);
    }
    for (const kind of REFERRING) {
      for await (const related of this.#all(kind)) if (refers(related)) return related;
    }
    return undefined;
  }

  /** Every consumer and credential with the identity, among all that was written up to `since`. */
  async holdersOf(identity: string, since: number): Promise<Related[]> {
    const has = ({ kind, value }: Related) => identitiesOf(kind, value).includes(identity);
    const holders: Related[] = [];
    if (await this.#hasReached(since)) {
      for (const key of this.#deps.view.holdersOf(identity)) {
        const related = await this.#read(key);
        if (related && has(related)) holders.push(related);
      }
      return holders;
    }
    for await (const related of this.#all("consumers")) if (has(related)) holders.push(related);
    return holders;
  }

  /** Everything of a directory, as it is stored; of consumers with their credentials. */
  async *#all(kind: KindName): AsyncGenerator<Related> {
    const { prefix } = this.#deps;
    const signal = new AbortController().signal;
    const pages = readPages(
      keysUnder(`${prefix}/${kind}/`),
      { keysOnly: false, signal },
      this.#deps,
    );
    for await (const { kvs } of pages) {
      for (const found of kvs) {
        const related = this.#related(storedValue(found));
        if (related) yield related;
      }
    }
  }

  globalRules(): AsyncGenerator<Related> {
    return this.#all("global_rules");
  }

  /** In parts: where all users have just been deleted none of many thousands may be one any more. */
  async #first(
    keys: readonly string[],
    isWanted: (related: Related) => boolean,
  ): Promise<Related | undefined> {
    for (let at = 0; at < keys.length; at += READS_AT_ONCE) {
      const part = keys.slice(at, at + READS_AT_ONCE);
      const read = await Promise.all(part.map((key) => this.#read(key)));
      const found = read.find((related) => related !== undefined && isWanted(related));
      if (found) return found;
    }
    return undefined;
  }

  async #read(key: string): Promise<Related | undefined> {
    const { prefix, transport } = this.#deps;
    const stored = await readStored(transport, `${prefix}/${key}`);
    return stored && this.#related(stored);
  }

  #related(stored: StoredValue): Related | undefined {
    const { cipher, prefix } = this.#deps;
    const key = stored.key.slice(prefix.length + 1);
    const parsed = parseResourceKey(key);
    if (parsed.is !== "resource") return undefined;
    const { kind, id } = parsed;
    const value = inTheClear(stored, kind, id, cipher);
    return value && { key, kind, id, value };
  }

  async #hasReached(since: number): Promise<boolean> {
    const { clock, patienceMs = PATIENCE_MS, view } = this.#deps;
    const end = clock.now() + patienceMs;
    for (;;) {
      const revision = view.revision();
      if (revision === undefined) return false;
      if (revision >= since) return true;
      if (clock.now() >= end) return false;
      await clock.sleep(LOOK_EVERY_MS);
    }
  }
}

function byKind(a: string, b: string): number {
  const place = (key: string) => REFERRING.findIndex((kind) => key.startsWith(`${kind}/`));
  return place(a) - place(b) || (a < b ? -1 : Number(a > b));
}
