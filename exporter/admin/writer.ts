import { isObject } from "../../shared/json-schema/lua-value.ts";
import { type KindName, resourceKey } from "../../shared/resources/resource-key.ts";
import type { JsonObject } from "../encryption/field-cipher.ts";
import { misfitOf } from "../validate/json.ts";
import { validate } from "../validate.ts";
import { notFound, Refusal, refusal } from "./answer.ts";
import type { WriteMethod } from "./check/admin-kinds.ts";
import { checkResource } from "./check/check-resource.ts";
import { commit } from "./commit.ts";
import { touchedUses } from "./guards.ts";
import { merge, replaceAt, SubPathError } from "./patch.ts";
import { checkPreconditions } from "./preconditions.ts";
import { RecordedLookups } from "./recorded-lookups.ts";
import { targetsOf } from "./relations.ts";
import { inTheClear, readStored, type StoredValue } from "./stored-values.ts";
import type { Attempt, Change, ChangeCall, WriteDeps } from "./write-deps.ts";

export interface WriteCall extends ChangeCall {
  /** As it was sent; undefined where there was none. */
  readonly body: unknown;
  readonly ttlSeconds: number | undefined;
}

/**
 * `PUT`, `POST` and `PATCH`. A value is stored as it was sent, with its id and times and no defaults; its
 * references are checked in the transaction that writes it. All throw `Refusal` and `EtcdError`.
 */
export class Writer {
  readonly #deps: WriteDeps;

  constructor(deps: WriteDeps) {
    this.#deps = deps;
  }

  /** Creates or replaces. */
  async put(call: WriteCall): Promise<Change> {
    const id = aimedId(call);
    if (id === undefined) {
      // Nothing can be read then; the check says what is missing.
      await this.#check(call, "PUT", call.body);
      throw refusal(400, `missing ${call.path.kind.word} id`);
    }
    const key = this.#key(call.path.kind.name, id);
    return this.#commit(key, call, async (leaseId) => {
      const before = await readStored(this.#deps.transport, key);
      checkPreconditions(call.preconditions, before);
      const checked = await this.#check(call, "PUT", call.body);
      const created = before?.value?.create_time;
      const times = this.#times(call, typeof created === "number" ? created : undefined);
      const value = { ...checked.value, ...times };
      return this.#attempt(call, { key, before, value, lookups: checked.lookups }, leaseId);
    });
  }

  /** Creates under an id that is made from a revision of etcd, so that no two get the same. */
  async post(call: WriteCall): Promise<Change> {
    checkPreconditions(call.preconditions, undefined);
    await this.#check(call, "POST", call.body);
    const { prefix, transport } = this.#deps;
    const counter = { do: "put", key: `${prefix}/gen_id`, value: "1" } as const;
    const { header } = await transport.txn({ compare: [], success: [counter] });
    const id = String(header.revision).padStart(20, "0");
    const key = this.#key(call.path.kind.name, id);
    return this.#commit(key, call, async (leaseId) => {
      const checked = await this.#check(call, "POST", call.body);
      const value = { ...checked.value, id, ...this.#times(call, undefined) };
      const write = { key, before: undefined, value, lookups: checked.lookups };
      return this.#attempt(call, write, leaseId);
    });
  }

  /** Changes a part of what is stored. */
  async patch(call: WriteCall): Promise<Change> {
    const { kind, id } = call.path;
    if (kind.unsupported.includes("PATCH")) await this.#check(call, "PATCH", undefined);
    if (id === undefined) throw refusal(400, `missing ${kind.word} id`);
    if (call.body === undefined) throw refusal(400, "missing new configuration");
    const key = this.#key(kind.name, id);
    return this.#commit(key, call, async (leaseId) => {
      const before = await readStored(this.#deps.transport, key);
      if (!before) throw notFound();
      checkPreconditions(call.preconditions, before);
      const patched = this.#patched(call, id, before);
      const checked = await this.#check(call, "PATCH", patched);
      return this.#attempt(
        call,
        { key, before, value: checked.value, lookups: checked.lookups },
        leaseId,
      );
    });
  }

  #patched({ path, body }: WriteCall, id: string, before: StoredValue): JsonObject {
    const stored = inTheClear(before, path.kind.name, id, this.#deps.cipher);
    if (!stored) throw refusal(400, "invalid configuration: what is stored is not a JSON object");
    const now = this.#seconds();
    const way = path.rest.filter((segment) => segment !== "");
    let patched: JsonObject;
    if (way.length > 0) {
      patched = { ...replaced(stored, way, body), update_time: now };
    } else {
      if (!isObject(body)) throw refusal(400, "invalid configuration");
      patched = merge(stored, body);
      if (!Object.hasOwn(body, "update_time")) patched.update_time = now;
    }
    patched.create_time ??= now;
    // Neither the body nor what is stored is too deep; both, at the end of a long path, may be.
    const misfit = misfitOf(patched);
    if (misfit)
      throw refusal(400, `invalid configuration: found ${misfit.found}, ${misfit.wanted}`);
    return patched;
  }

  /** What is to be stored, in the clear, and what the check went by. Throws the `Refusal` it came to. */
  async #check({ path }: WriteCall, method: WriteMethod, value: unknown) {
    const lookups = new RecordedLookups(this.#deps);
    const { kind, id, consumer } = path;
    const context = { lookups, enabled: this.#deps.enabled };
    const outcome = await checkResource({ kind, method, id, consumer, value }, context);
    if (outcome.is === "valid") return { value: outcome.value, lookups };
    const { status, ...body } = outcome.fault;
    throw new Refusal(status, body);
  }

  async #attempt(
    { path }: WriteCall,
    write: {
      readonly key: string;
      readonly before: StoredValue | undefined;
      readonly value: JsonObject;
      readonly lookups: RecordedLookups;
    },
    leaseId: () => Promise<string | undefined>,
  ): Promise<Attempt> {
    const { cipher, guards, prefix } = this.#deps;
    const { key, before, lookups } = write;
    const kind = path.kind.name;
    const id = key.slice(`${prefix}/${resourceKey(kind, "")}`.length);
    this.#checkUsable(key, write.value);
    const uses = touchedUses(targetsOf(kind, write.value));
    const touches = await guards.touches([...uses, ...lookups.touched]);
    const value = structuredClone(write.value);
    cipher.encrypt(kind, id, value);
    const put = { do: "put", key, value: JSON.stringify(value) } as const;
    const lease = await leaseId();
    const unchanged = { key, target: "mod", equals: before?.modRevision ?? 0 } as const;
    return {
      compare: [unchanged, ...lookups.compares],
      success: [lease === undefined ? put : { ...put, leaseId: lease }, ...touches],
      change: { key, value, before: before?.modRevision },
    };
  }

  /**
   * A value that APISIX takes and this exporter does not would be stored, and never take effect at an edge.
   * Throws a `Refusal`.
   */
  #checkUsable(key: string, value: JsonObject): void {
    const bytes = Buffer.from(JSON.stringify(value));
    const verdict = validate({ key, value: bytes, modRevision: 0 }, this.#deps.prefix);
    if (verdict.is !== "rejected") return;
    const { path, found, wanted } = verdict.rejection;
    const where = path === "" ? "" : `property "${path}" validation failed: `;
    throw refusal(400, `invalid configuration: ${where}found ${found}, wanted ${wanted}`);
  }

  /** Commits with the lease of a `ttl`, which no failed write leaves behind. */
  async #commit(
    key: string,
    { ttlSeconds }: WriteCall,
    prepare: (leaseId: () => Promise<string | undefined>) => Promise<Attempt>,
  ): Promise<Change> {
    const { transport } = this.#deps;
    let granted: string | undefined;
    // Only once there is something to write.
    const leaseId = async () => {
      if (ttlSeconds !== undefined) granted ??= (await transport.leaseGrant(ttlSeconds)).leaseId;
      return granted;
    };
    try {
      return await commit(key, () => prepare(leaseId), this.#deps);
    } catch (error) {
      if (granted !== undefined) await this.#dropLease(granted, key);
      throw error;
    }
  }

  /**
   * A write that etcd has not answered may have been made. The key is then left to its time: to revoke the
   * lease would take away what was there before, too.
   */
  async #dropLease(leaseId: string, key: string): Promise<void> {
    const { transport } = this.#deps;
    try {
      const { kvs } = await transport.range({ key, keysOnly: true });
      if (kvs[0]?.leaseId !== leaseId) await transport.leaseRevoke(leaseId);
    } catch {
      // etcd is away; the lease ends by itself.
    }
  }

  #times({ path }: WriteCall, created: number | undefined): JsonObject {
    if (path.kind.name === "plugin_metadata") return {};
    const now = this.#seconds();
    return { create_time: created ?? now, update_time: now };
  }

  #seconds(): number {
    return Math.floor(this.#deps.clock.now() / 1000);
  }

  #key(kind: KindName, id: string): string {
    return `${this.#deps.prefix}/${resourceKey(kind, id)}`;
  }
}

const ID_OF_PATH_ONLY: ReadonlySet<KindName> = new Set(["plugin_metadata", "secrets"]);

/** The id of the key: from the path, else from the value. */
function aimedId({ path, body }: WriteCall): string | undefined {
  const { kind, id, consumer } = path;
  const field = kind.name === "consumers" ? "username" : "id";
  const ofBody = isObject(body) && Object.hasOwn(body, field) ? body[field] : undefined;
  const aimed = id ?? (ID_OF_PATH_ONLY.has(kind.name) ? undefined : ofBody);
  if (typeof aimed !== "string" && typeof aimed !== "number") return undefined;
  return kind.name === "credentials" ? `${consumer}/credentials/${aimed}` : String(aimed);
}

function replaced(value: JsonObject, path: readonly string[], field: unknown): JsonObject {
  try {
    return replaceAt(value, path, field);
  } catch (error) {
    if (error instanceof SubPathError) throw refusal(400, `invalid sub-path: /${path.join("/")}`);
    throw error;
  }
}
