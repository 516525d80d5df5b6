import { isMap, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { NO_BINDINGS, type Reach } from "../../shared/resources/reach.ts";
import { KIND_NAMES, type KindName } from "../../shared/resources/resource-key.ts";
import type { KeyspaceEntry } from "../etcd/keyspace.ts";
import { ResourceTable } from "../resource-table.ts";
import { type Environment, fillInText, fillInValues } from "./fill-in.ts";

/** APISIX's standalone configuration, `apisix.yaml` or `apisix.json`, as the table that etcd would give. */
export interface StandaloneTable {
  /** Its prefix is empty: keys are like `/routes/1`. */
  readonly table: ResourceTable;
  readonly problems: readonly StandaloneProblem[];
  /** The line on which a resource begins, by its key; of YAML only. */
  readonly lines: ReadonlyMap<string, number>;
}

/** What is wrong with the file rather than with a value in it. */
export interface StandaloneProblem {
  /** `error`: APISIX does not load the file. */
  readonly severity: "error" | "warning";
  /** The resource's key; empty: it is about the whole file. */
  readonly key: string;
  readonly problem: string;
  readonly remedy: string;
}

/** The lists of a file by their names, and the line of each of their members. */
interface Lists {
  readonly values: Readonly<Record<string, unknown>>;
  lineOf(list: string, index: number): number | undefined;
}

const DIRECTORIES: ReadonlySet<string> = new Set(
  KIND_NAMES.filter((kind) => kind !== "credentials"),
);
/** What else APISIX, or its Admin API, has in such a file. */
const OTHER_FIELDS = /^(plugins|\w+_conf_version|X-[\w-]+)$/;
const MOST_ERRORS = 10;

/** `environment` fills in `${{NAME}}`. Never throws for what is in `text`. */
export function readStandalone(
  text: string,
  format: "yaml" | "json",
  environment: Environment,
  reach: Reach = NO_BINDINGS,
): StandaloneTable {
  const problems: StandaloneProblem[] = [];
  const unset = new Set<string>();
  const lists =
    format === "json"
      ? readJson(text, environment, unset, problems)
      : readYaml(text, environment, unset, problems);
  for (const name of unset) {
    const problem = `the environment has no ${name}, and no default is given`;
    problems.push(fatal(problem, `set ${name}, or write \${{${name}:=default}}`));
  }
  return { ...tableOf(lists, reach, problems), problems };
}

function fatal(problem: string, remedy: string): StandaloneProblem {
  return { severity: "error", key: "", problem, remedy };
}

const NO_LISTS: Lists = { values: {}, lineOf: () => undefined };

function readJson(
  text: string,
  environment: Environment,
  unset: Set<string>,
  problems: StandaloneProblem[],
): Lists {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    problems.push(fatal(`it is no JSON: ${error.message}`, "correct it"));
    return NO_LISTS;
  }
  return listsOf(fillInValues(value, environment, unset), () => undefined, problems);
}

function readYaml(
  text: string,
  environment: Environment,
  unset: Set<string>,
  problems: StandaloneProblem[],
): Lists {
  if (!/#END\s*$/.test(text)) {
    problems.push(
      fatal("its last line is not #END, without which it counts as half written", "add it"),
    );
  }
  const counter = new LineCounter();
  const document = parseDocument(fillInText(text, environment, unset), {
    // What APISIX's own reader knows; but dates are text to it.
    version: "1.1",
    customTags: (tags) => tags.filter((tag) => !isTimestamp(tag)),
    lineCounter: counter,
    prettyErrors: false,
  });
  for (const { message, pos } of document.errors.slice(0, MOST_ERRORS)) {
    const { line } = counter.linePos(pos[0]);
    problems.push(fatal(`it is no YAML: line ${line}: ${message}`, "correct it"));
  }
  if (document.errors.length > 0) return NO_LISTS;
  const root: unknown = document.contents;
  const lineOf = (list: string, index: number) => {
    const members = isMap(root) ? root.get(list, true) : undefined;
    const member = isSeq(members) ? (members.items[index] as Node | undefined) : undefined;
    return member?.range ? counter.linePos(member.range[0]).line : undefined;
  };
  let value: unknown;
  try {
    value = asJson(document.toJS());
  } catch (error) {
    // What aliases cannot be: so many that they are meant to do harm, or a part of themselves.
    if (!(error instanceof ReferenceError || error instanceof TypeError)) throw error;
    problems.push(fatal(`it is no YAML: ${error.message}`, "correct it"));
    return NO_LISTS;
  }
  return listsOf(value, lineOf, problems);
}

/** What the table can hold of what YAML can say. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

function isTimestamp(tag: unknown): boolean {
  return (
    typeof tag === "object" && tag !== null && "tag" in tag && /:timestamp$/.test(`${tag.tag}`)
  );
}

function listsOf(value: unknown, lineOf: Lists["lineOf"], problems: StandaloneProblem[]): Lists {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    if (value !== null && value !== undefined) {
      problems.push(fatal("it is no map of lists", "begin it with routes: or another kind"));
    }
    return NO_LISTS;
  }
  return { values: value as Record<string, unknown>, lineOf };
}

function tableOf(
  { values, lineOf }: Lists,
  reach: Reach,
  problems: StandaloneProblem[],
): Pick<StandaloneTable, "table" | "lines"> {
  const entries = new Map<string, KeyspaceEntry>();
  const lines = new Map<string, number>();
  for (const [name, members] of Object.entries(values)) {
    if (!DIRECTORIES.has(name)) {
      if (!OTHER_FIELDS.test(name)) problems.push(unknownList(name));
    } else if (Array.isArray(members)) {
      for (const [i, member] of members.entries()) {
        const { key, value } = entryOf(name as KindName, member, i);
        if (entries.has(key)) problems.push(repeated(key));
        entries.set(key, { key, value, modRevision: 0 });
        const line = lineOf(name, i);
        if (line !== undefined) lines.set(key, line);
      }
    } else if (members !== null) {
      problems.push(
        fatal(`${name} is no list`, `write its members below each other, each after a -`),
      );
    }
  }
  const table = new ResourceTable("", { reach });
  const puts = [...entries.values()];
  table.apply({ cause: "base", clusterId: "", revision: 0, puts, deletes: [] });
  return { table, lines };
}

function unknownList(name: string): StandaloneProblem {
  const problem = `${JSON.stringify(name)} is no kind that APISIX knows; what is below it is not read`;
  const remedy = `correct it: one of ${[...DIRECTORIES].join(", ")}`;
  return { severity: "warning", key: "", problem, remedy };
}

function repeated(key: string): StandaloneProblem {
  const problem = "its id is there twice; only the last one is used";
  return { severity: "warning", key, problem, remedy: "give each an id of its own" };
}

/** The key is made from the id, else the user name, else the place in the list. */
function entryOf(kind: KindName, member: unknown, index: number) {
  const fields = typeof member === "object" && member !== null ? { ...member } : undefined;
  const { id, username } = (fields ?? {}) as { readonly id?: unknown; readonly username?: unknown };
  const key = `/${kind}/${id ?? username ?? `arr_${index + 1}`}`;
  const kept = fields && !Array.isArray(member) ? { ...fields, modifiedIndex: undefined } : member;
  return { key, value: encoder.encode(JSON.stringify(kept ?? null)) };
}

const encoder = new TextEncoder();
