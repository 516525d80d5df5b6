import { type KindName, resourceKey } from "../../shared/resources/resource-key.ts";
import { keysUnder } from "../etcd/key-bytes.ts";
import type { Compare, Operation } from "../etcd/transport.ts";
import { notFound, refusal } from "./answer.ts";
import { commit } from "./commit.ts";
import { useGuards } from "./guards.ts";
import { checkPreconditions } from "./preconditions.ts";
import { type Related, targetsOf } from "./relations.ts";
import { readStored } from "./stored-values.ts";
import type { Change, ChangeCall, WriteDeps } from "./write-deps.ts";

/** What is not deleted while something refers to it, and how APISIX says so. */
const PROTECTED: Readonly<Partial<Record<KindName, string>>> = {
  upstreams: "can not delete this upstream, ",
  services: "can not delete this service directly, ",
  plugin_configs: "can not delete this plugin config, ",
  consumer_groups: "can not delete this consumer group, ",
  // APISIX's text has no space.
  protos: "can not delete this proto,",
  stream_routes: "can not delete this stream route directly, ",
};

const USER_WORDS: Readonly<Partial<Record<KindName, string>>> = {
  routes: "route",
  services: "service",
  stream_routes: "stream_route",
  plugin_configs: "plugin_config",
  consumers: "consumer",
  consumer_groups: "consumer_group",
};

/** What lies below a resource and goes with it. */
const BELONGINGS: Readonly<Partial<Record<KindName, string>>> = {
  consumers: "/credentials/",
  services: "/graphql_cost_decorations/",
};

export interface DeleteCall extends ChangeCall {
  /** Deletes what is in use, too. */
  readonly force: boolean;
}

/** `DELETE`. A use that begins meanwhile makes the transaction fail, and is then seen. */
export class Remover {
  readonly #deps: WriteDeps;

  constructor(deps: WriteDeps) {
    this.#deps = deps;
  }

  /** Throws `Refusal` and `EtcdError`. */
  async delete({ path, preconditions, force }: DeleteCall): Promise<Change> {
    const { guards, prefix, transport } = this.#deps;
    const { kind, consumer } = path;
    if (path.id === undefined) throw refusal(400, `missing ${kind.word} id`);
    const id = kind.name === "credentials" ? `${consumer}/credentials/${path.id}` : path.id;
    const below = resourceKey(kind.name, id);
    const key = `${prefix}/${below}`;
    const prepare = async () => {
      const before = await readStored(transport, key);
      if (!before) throw notFound();
      checkPreconditions(preconditions, before);
      const unchanged = { key, target: "mod", equals: before.modRevision } as const;
      const isProtected = PROTECTED[kind.name] !== undefined && !force;
      const unused = isProtected ? await this.#checkUnused(kind.name, below) : [];
      const success: Operation[] = [{ do: "delete", key }];
      const belongings = BELONGINGS[kind.name];
      if (belongings) success.push({ do: "delete", ...keysUnder(`${key}${belongings}`) });
      if (isProtected) success.push({ do: "delete", key: guards.key(useGuards(below)[0]) });
      const change = { key, value: undefined, before: before.modRevision };
      return { compare: [unchanged, ...unused], success, change };
    };
    return commit(key, prepare, this.#deps);
  }

  /** What has to stay as it is for nobody to use the key. Throws a `Refusal` where somebody does. */
  async #checkUnused(kind: KindName, below: string): Promise<Compare[]> {
    const { guards, relations } = this.#deps;
    const names = useGuards(below);
    const revisions = await Promise.all(names.map((name) => guards.revision(name)));
    const user = await relations.userOf(below, Math.max(...revisions));
    if (user)
      throw refusal(400, `${PROTECTED[kind]}${userText(user, below)} is still using it now`);
    return names.map((name, i) => {
      return { key: guards.key(name), target: "mod", equals: revisions[i] as number };
    });
  }
}

function userText({ kind, id, value }: Related, below: string): string {
  const who = `${USER_WORDS[kind] ?? kind} [${id}]`;
  const { plugins: _, ...own } = value;
  const isByPlugin = below.startsWith("upstreams/") && !targetsOf(kind, own).includes(below);
  return isByPlugin ? `plugin in ${who}` : who;
}
