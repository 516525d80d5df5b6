import { setImmediate as nextTurn } from "node:timers/promises";
import { isObject, type JsonObject } from "../../../shared/json-schema/lua-value.ts";
import type { KindName } from "../../../shared/resources/resource-key.ts";
import { KIND_NAMES } from "../../../shared/resources/resource-key.ts";
import { ApplyFailed, type ApplyReport, applyPlan, Overtaken } from "../../apply/apply.ts";
import { planChanges } from "../../apply/plan.ts";
import { documentOf, LIST_NAMES, type ListName, listOf } from "../../apply/standalone-document.ts";
import { readConfiguration, type StoredConfiguration } from "../../apply/stored-configuration.ts";
import { wantedResources } from "../../apply/wanted-resource.ts";
import { EtcdError } from "../../etcd/transport.ts";
import { entriesIn } from "../../table/read-standalone.ts";
import { yamlText } from "../../table/write-yaml.ts";
import type { AdminCall } from "../admin-api.ts";
import { type Answer, refusal } from "../answer.ts";
import { validateConfigs } from "../check/validate-configs.ts";
import type { WriteDeps } from "../write-deps.ts";
import { readConfigsBody } from "./configs-body.ts";
import {
  type ConfigsRecord,
  contentsOf,
  type HeldRecord,
  RECORD_PREFIX,
  readRecord,
  type Standing,
  standingOf,
} from "./configs-record.ts";

/** What of a call the endpoint goes by. */
export type ConfigsCall = Pick<AdminCall, "method" | "role" | "header" | "bytes" | "onChange">;

export type ConfigsDeps = Omit<WriteDeps, "relations">;

/** Each time somebody else has put a whole configuration meanwhile. */
const MOST_ATTEMPTS = 5;

/**
 * `/apisix/admin/configs`: the whole configuration at once, as APISIX's standalone mode has it (reference
 * 10.3), here over etcd. It is validated as a whole, then written where it differs.
 */
export class ConfigsEndpoint {
  readonly #deps: ConfigsDeps;

  constructor(deps: ConfigsDeps) {
    this.#deps = deps;
  }

  /** Undefined where there is no such verb. Throws `Refusal` and `EtcdError`. */
  async answer(call: ConfigsCall): Promise<Answer | undefined> {
    if (call.method === "GET") return this.#get(call);
    return call.method === "PUT" ? this.#put(call) : undefined;
  }

  async #get({ header, role }: ConfigsCall): Promise<Answer> {
    const accept = header("accept") ?? "";
    const { stored, standing } = await this.#read();
    const { digest, lastModified } = standing;
    const metadata = {
      ...(digest === undefined ? {} : { "X-Digest": digest }),
      ...(lastModified === undefined ? {} : { "X-Last-Modified": lastModified }),
    };
    // Who may not send it back has no need of private keys, which no other GET shows.
    if (role === "viewer") withoutPrivateKeys(stored);
    const body = {
      ...documentOf(stored, { withIndex: true }),
      ...versionFields(standing),
      ...metadata,
    };
    const headers = Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name.toLowerCase(), String(value)]),
    );
    if (!accept.includes("application/yaml")) return { status: 200, body, headers };
    const text = yamlText(body);
    return { status: 200, body: text, headers: { ...headers, "content-type": "application/yaml" } };
  }

  async #put(call: ConfigsCall): Promise<Answer> {
    const digest = call.header("x-digest");
    if (!digest) throw refusal(400, "missing digest header");
    const configs = await readConfigsBody(call);
    // One after the other in this process; between processes the record is the fence.
    return this.#deps.locks.run("configs", async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#apply(configs, digest, call);
        } catch (error) {
          if (error instanceof ApplyFailed) throw this.#halfWay(error, call);
          if (!(error instanceof Overtaken)) throw error;
          if (attempt === MOST_ATTEMPTS)
            throw refusal(503, "others put configurations all the time");
        }
      }
    });
  }

  async #apply(configs: JsonObject, digest: string, call: ConfigsCall): Promise<Answer> {
    const { clock, enabled } = this.#deps;
    const { held, standing, stored } = await this.#read();
    if (standing.digest === digest) return { status: 204 };
    const versions = newVersions(configs, standing);
    const changed = changedNames(configs, versions, standing);
    const lists = changedLists(configs, changed);
    const [fault] = await validateConfigs(lists, enabled);
    if (fault) throw refusal(400, fault.error);
    const { wanted, faults } = wantedResources(entriesIn(lists).entries.values());
    if (faults[0]) throw refusal(400, `invalid configuration: ${faults[0].fault}`);
    // Of very many resources each part takes a second, and others want their turn in between.
    await nextTurn();
    const prune: ReadonlySet<KindName> = new Set(
      KIND_NAMES.filter((kind) => changed.has(listOf(kind))),
    );
    const plan = planChanges(wanted, stored, { prune });
    const contents = { ...standing.contents, ...only(contentsOf(wanted.values()), changed) };
    const record: ConfigsRecord = {
      digest,
      lastModified: Math.floor(clock.now() / 1000),
      lists: Object.fromEntries(
        LIST_NAMES.map((name) => [name, { version: versions[name], content: contents[name] }]),
      ),
    };
    await nextTurn();
    const report = await applyPlan(plan, { ...this.#deps, ...sealing(held, record) });
    const { revision } = report;
    call.onChange({
      key: held.key,
      value: undefined,
      before: held.modRevision || undefined,
      revision,
    });
    return { status: 202, headers: { ...answered(record), ...reported(report) } };
  }

  /** What was written before it failed is in etcd, and in the audit. */
  #halfWay(failed: ApplyFailed, { onChange }: ConfigsCall): Error {
    const { revision, transactions } = failed.report;
    const key = `${RECORD_PREFIX}${this.#deps.prefix}`;
    if (transactions > 0) onChange({ key, value: undefined, before: undefined, revision });
    return halfWay(failed);
  }

  async #read() {
    const { prefix, transport } = this.#deps;
    // Before the configuration: what is written in between then moves the fence.
    const held = await readRecord(transport, prefix);
    const stored = await readConfiguration(this.#deps, new AbortController().signal);
    return { held, stored, standing: standingOf(held.record, stored) };
  }
}

function withoutPrivateKeys({ resources }: StoredConfiguration): void {
  for (const { kind, value } of resources.values()) {
    if (kind !== "ssls" || !value) continue;
    delete value.key;
    delete value.keys;
  }
}

/** Each of a number that is not lower than it was; one more where the client names none. */
function newVersions(configs: JsonObject, { versions }: Standing): Record<ListName, number> {
  const all = LIST_NAMES.map((name) => {
    const field = `${name}_conf_version`;
    const given = configs[field];
    const current = versions[name];
    if (given === undefined) return [name, current + 1] as const;
    if (typeof given !== "number") throw refusal(400, `${field} must be a number`);
    if (given < current) {
      throw refusal(400, `${field} must be greater than or equal to (${current})`);
    }
    return [name, given] as const;
  });
  return Object.fromEntries(all) as Record<ListName, number>;
}

/**
 * An equal number says that a list is unchanged, whatever was sent. But a list that was changed by another
 * way, or that a PUT did not finish, becomes what was sent all the same.
 */
function changedNames(
  configs: JsonObject,
  versions: Readonly<Record<ListName, number>>,
  standing: Standing,
): ReadonlySet<ListName> {
  const changed = LIST_NAMES.filter((name) => {
    if (versions[name] !== standing.versions[name]) return true;
    return standing.strayed.has(name) && isObjectOrList(configs[name]);
  });
  return new Set(changed);
}

function isObjectOrList(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** A list that is not there, or null, is empty. */
function changedLists(configs: JsonObject, changed: ReadonlySet<ListName>): JsonObject {
  const { plugins } = configs;
  if (isObject(plugins) ? Object.keys(plugins).length > 0 : Array.isArray(plugins)) {
    throw refusal(400, "invalid configuration: etcd has no place for a list of enabled plugins");
  }
  const lists = [...changed].flatMap((name) => {
    const list = configs[name];
    return list === undefined || list === null ? [] : [[name, list] as const];
  });
  return Object.fromEntries(lists);
}

function only(
  contents: Readonly<Record<ListName, string>>,
  names: ReadonlySet<ListName>,
): Partial<Record<ListName, string>> {
  return Object.fromEntries(
    Object.entries(contents).filter(([name]) => names.has(name as ListName)),
  );
}

/** Every transaction holds only where nobody has put a configuration since; the last one says that we did. */
function sealing({ key, modRevision }: HeldRecord, record: ConfigsRecord) {
  return {
    fence: { key, target: "mod", equals: modRevision },
    last: [{ do: "put", key, value: JSON.stringify(record) }],
  } as const;
}

function versionFields({ versions }: Standing): Record<string, number> {
  const fields = LIST_NAMES.map((name) => [`${name}_conf_version`, versions[name]]);
  // The list of enabled plugins, of which there is none.
  return { ...Object.fromEntries(fields), plugins_conf_version: 0 };
}

function answered({ digest, lastModified }: ConfigsRecord): Record<string, string> {
  return { "x-digest": digest, "x-last-modified": String(lastModified) };
}

/** What was done; APISIX's answer has no body. */
function reported(report: ApplyReport): Record<string, string> {
  const { created, updated, deleted, unchanged, revision } = report;
  const counts = { created: created.length, updated: updated.length, deleted: deleted.length };
  const all = Object.entries({ ...counts, unchanged }).map(([what, count]) => `${what}=${count}`);
  return { "x-snapgate-changes": all.join(", "), "x-snapgate-revision": String(revision) };
}

function halfWay(failed: ApplyFailed): Error {
  const { cause, message, report } = failed;
  const { created, updated, deleted } = report;
  const done = `${created.length} created, ${updated.length} updated, ${deleted.length} deleted`;
  // Such as a value that is larger than etcd takes: the same call will never succeed.
  const status = cause instanceof EtcdError && cause.kind === "refused" ? 400 : 503;
  return refusal(status, `${message}; before that: ${done}; the same request does the rest`);
}
