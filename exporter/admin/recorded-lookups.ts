import { type KindName, resourceKey } from "../../shared/resources/resource-key.ts";
import type { FieldCipher, JsonObject } from "../encryption/field-cipher.ts";
import type { Compare, EtcdTransport } from "../etcd/transport.ts";
import { identity } from "../table/identities.ts";
import type { KeyHolder, Lookups } from "./check/lookups.ts";
import { GLOBAL_RULES_GUARD, type Guards, identityGuard } from "./guards.ts";
import type { Relations } from "./relations.ts";
import { inTheClear, readStored } from "./stored-values.ts";

export interface LookupsDeps {
  readonly transport: Pick<EtcdTransport, "range">;
  readonly prefix: string;
  readonly cipher: FieldCipher;
  readonly guards: Guards;
  readonly relations: Relations;
}

/**
 * Answers the questions of one check, and remembers them: `compares` make the write's transaction hold only
 * where every answer would be the same now, `touched` are the guards that tell others of the write.
 */
export class RecordedLookups implements Lookups {
  readonly #deps: LookupsDeps;
  /** Create revisions by key: a resource may change under a reference, but not go. */
  readonly #found = new Map<string, number>();
  readonly #guards = new Map<string, number>();

  constructor(deps: LookupsDeps) {
    this.#deps = deps;
  }

  get compares(): Compare[] {
    const { guards } = this.#deps;
    return [
      ...[...this.#found].map(([key, equals]) => ({ key, target: "create" as const, equals })),
      ...[...this.#guards].map(([name, equals]) => {
        return { key: guards.key(name), target: "mod" as const, equals };
      }),
    ];
  }

  get touched(): Iterable<string> {
    return this.#guards.keys();
  }

  async get(kind: KindName, id: string): Promise<JsonObject | undefined> {
    const { cipher, prefix, transport } = this.#deps;
    const key = `${prefix}/${resourceKey(kind, id)}`;
    const stored = await readStored(transport, key);
    this.#found.set(key, stored?.createRevision ?? 0);
    // For APISIX a key that is there is enough, whatever its value.
    return stored && (inTheClear(stored, kind, id, cipher) ?? {});
  }

  async holdersOf(plugin: string, field: string, value: string): Promise<readonly KeyHolder[]> {
    const wanted = identity(plugin, field, value);
    const since = await this.#watch(identityGuard(wanted));
    const holders = await this.#deps.relations.holdersOf(wanted, since);
    return holders.map(({ id }) => {
      const [consumer = "", , credential] = id.split("/");
      return credential === undefined ? { consumer } : { consumer, credential };
    });
  }

  async globalRulesWith(plugin: string): Promise<readonly string[]> {
    await this.#watch(GLOBAL_RULES_GUARD);
    const ids: string[] = [];
    for await (const { id, value } of this.#deps.relations.globalRules()) {
      const { plugins } = value;
      if (typeof plugins === "object" && plugins !== null && Object.hasOwn(plugins, plugin)) {
        ids.push(id);
      }
    }
    return ids;
  }

  /** Before looking: what is written after this makes the transaction fail. */
  async #watch(guard: string): Promise<number> {
    const known = this.#guards.get(guard);
    if (known !== undefined) return known;
    const revision = await this.#deps.guards.revision(guard);
    this.#guards.set(guard, revision);
    return revision;
  }
}
