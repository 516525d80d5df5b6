import { enabledConfig, type IdentifyingPlugin } from "../../shared/plugins/identifying.ts";
import type { Resource, Values } from "../../shared/resources/resource.ts";
import { type KindName, parseResourceKey } from "../../shared/resources/resource-key.ts";
import { sha256Hex } from "../../shared/snapshot/digest.ts";
import {
  type ReferencesEntry,
  referencesKey,
  type ValueEntry,
  valueKey,
} from "../../shared/snapshot/identities.ts";
import { BoundedMap } from "../bounded-map.ts";
import { type ResolveSecret, withSecrets } from "../secrets.ts";

/** For whom a request is served: a consumer supplies its plugins, group and labels. */
export interface Sender {
  readonly consumer: Values["consumers"];
  /** Of the credential by which it was found, as it stands below the consumer; undefined: none was. */
  readonly credentialId: string | undefined;
}

export interface Identity extends Sender {
  /** The auth plugin's configuration of the consumer or credential, its secret references resolved. */
  readonly auth: Readonly<Record<string, unknown>>;
}

export interface IdentitiesDeps {
  /** The body of an entry of FORMAT.md 11. */
  entry(key: string): Promise<unknown>;
  resource<K extends KindName>(kind: K, id: string): Promise<Resource<K> | undefined>;
  /** Absent: no reference has a meaning. */
  readonly resolveSecret?: ResolveSecret | undefined;
}

const IDENTITIES_KEPT = 4_000;
const NOBODY: ReadonlyMap<string, readonly string[]> = new Map();
const encoder = new TextEncoder();

/** FORMAT.md 11.4: who the senders of one generation are. */
export class Identities {
  readonly #deps: IdentitiesDeps;
  /** By the key of a value's entry. Who was not found is not kept: anybody could fill it with those. */
  readonly #found = new BoundedMap<string, Identity>(IDENTITIES_KEPT);
  /** By plugin: the holders whose value is a reference, by the key of the entry that it would have. */
  readonly #referring = new Map<IdentifyingPlugin, ReadonlyMap<string, readonly string[]>>();

  constructor(deps: IdentitiesDeps) {
    this.#deps = deps;
  }

  /**
   * Whom a value identifies, undefined: nobody. Throws when a chunk cannot be read. Values meet only as
   * digests: how long the search takes depends on bits that a sender does not choose, and so tells nothing
   * of how much of a value was right.
   */
  async identified(plugin: IdentifyingPlugin, value: string): Promise<Identity | undefined> {
    // The schemas of some plugins let an empty one pass; anybody can send it.
    if (value === "") return undefined;
    const entry = await entryOf(plugin, value);
    const kept = this.#found.get(entry);
    if (kept) return kept;
    for (const holder of await this.#holders(plugin, entry)) {
      const identity = await this.#identityOf(plugin, holder);
      if (!identity) continue;
      this.#found.set(entry, identity);
      return identity;
    }
    return undefined;
  }

  /** A consumer by its name, without any proof, as for `anonymous_consumer`. */
  async consumer(username: string): Promise<Sender | undefined> {
    // A credential's key begins as if it were a consumer's.
    if (username.includes("/")) return undefined;
    const consumer = (await this.#deps.resource("consumers", username))?.value;
    return consumer && { consumer, credentialId: undefined };
  }

  /** The one that APISIX would have loaded last comes first. */
  async #holders(plugin: IdentifyingPlugin, entry: string): Promise<readonly string[]> {
    const written = (await this.#deps.entry(entry)) as ValueEntry | undefined;
    const referring = (await this.#referringTo(plugin)).get(entry) ?? [];
    return [...(written?.keys ?? []), ...referring].sort().reverse();
  }

  /** Read and resolved once: in a generation they stand for the same all the time. */
  async #referringTo(plugin: IdentifyingPlugin): Promise<ReadonlyMap<string, readonly string[]>> {
    const kept = this.#referring.get(plugin);
    if (kept) return kept;
    const resolved = await this.#resolveReferring(plugin);
    this.#referring.set(plugin, resolved);
    return resolved;
  }

  async #resolveReferring(plugin: IdentifyingPlugin) {
    const { entry, resolveSecret } = this.#deps;
    if (!resolveSecret) return NOBODY;
    const written = (await entry(referencesKey(plugin))) as ReferencesEntry | undefined;
    const resolved = new Map<string, string[]>();
    for (const [i, holder] of (written?.keys ?? []).entries()) {
      const value = resolveSecret(written?.references[i] as string);
      if (value === undefined) continue;
      const wouldBe = await entryOf(plugin, value);
      const holders = resolved.get(wouldBe);
      if (holders) holders.push(holder);
      else resolved.set(wouldBe, [holder]);
    }
    return resolved;
  }

  /** Undefined for who cannot be held to what it must prove: a reference that has no meaning here. */
  async #identityOf(plugin: IdentifyingPlugin, holder: string): Promise<Identity | undefined> {
    const parsed = parseResourceKey(holder);
    if (parsed.is !== "resource") return undefined;
    const { kind, id } = parsed;
    if (kind !== "consumers" && kind !== "credentials") return undefined;
    const plugins = (await this.#deps.resource(kind, id))?.value.plugins;
    const auth = withSecrets(enabledConfig(plugins, plugin), this.#resolve);
    if (auth === undefined) return undefined;
    const [username = "", , credentialId] = id.split("/");
    const consumer = (await this.#deps.resource("consumers", username))?.value;
    return consumer && { consumer, credentialId, auth: auth as Identity["auth"] };
  }

  readonly #resolve: ResolveSecret = (reference) => this.#deps.resolveSecret?.(reference);
}

async function entryOf(plugin: IdentifyingPlugin, value: string): Promise<string> {
  return valueKey(plugin, await sha256Hex(encoder.encode(value)));
}
