import { isJsonObject } from "../shared/json-object.ts";
import { isSecretReference } from "../shared/plugins/secret-reference.ts";

/** What a reference of a configuration stands for (reference 4.7); undefined: nothing that is known here. */
export type ResolveSecret = (reference: string) => string | undefined;

/** The setting SECRETS: by `<manager>/<id>` and path, what is there in the secret manager. */
export type ManagedSecrets = ReadonlyMap<string, ReadonlyMap<string, string>>;

export interface SecretSources {
  /** The Worker's variables and secrets. */
  readonly bindings: Readonly<Record<string, unknown>>;
  readonly managed: ManagedSecrets;
  /** Variables of Snapgate itself: who may write a configuration is not to learn the bucket's keys. */
  isSetting(name: string): boolean;
}

const SETTING = "SECRETS";
const EXAMPLE = '{"vault/1": {"jack/key": "value"}}';
const ENVIRONMENT = /^\$env:\/\/([^/]*)(?:\/(.*))?$/is;
const MANAGED = /^\$secret:\/\/([^/]+\/[^/]+)\/(.+)$/s;

/**
 * An empty text counts as nothing: a variable that somebody forgot to fill must not become an empty
 * password.
 */
export function createSecretResolver({
  bindings,
  managed,
  isSetting,
}: SecretSources): ResolveSecret {
  /** Variables that were asked for a key of theirs. Only those that there are, so it is bounded. */
  const parsed = new Map<string, Readonly<Record<string, unknown>>>();

  const variable = (name: string): string | undefined => {
    const value = isSetting(name) ? undefined : bindings[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const fieldOf = (name: string, key: string): string | undefined => {
    const text = variable(name);
    if (text === undefined) return undefined;
    const fields = parsed.get(name) ?? jsonFields(text);
    parsed.set(name, fields);
    return Object.hasOwn(fields, key) ? scalarText(fields[key]) : undefined;
  };
  return (reference) => {
    const environment = ENVIRONMENT.exec(reference);
    if (environment) {
      const [, name = "", key] = environment;
      // APISIX takes all of the variable where there is nothing behind the slash.
      return key ? fieldOf(name, key) : variable(name);
    }
    const [, store = "", path = ""] = MANAGED.exec(reference) ?? [];
    return managed.get(store)?.get(path);
  };
}

/**
 * A value of JSON with what its references stand for. Undefined where a single one has no meaning: half a
 * configuration is no guard.
 */
export function withSecrets(value: unknown, resolve: ResolveSecret): unknown {
  if (isSecretReference(value)) return resolve(value);
  if (Array.isArray(value)) {
    const members = value.map((member) => withSecrets(member, resolve));
    return members.includes(undefined) ? undefined : members;
  }
  if (!isJsonObject(value)) return value;
  const fields: [string, unknown][] = [];
  for (const [name, field] of Object.entries(value)) {
    const resolved = withSecrets(field, resolve);
    if (resolved === undefined) return undefined;
    fields.push([name, resolved]);
  }
  return Object.fromEntries(fields);
}

/** Reads the setting, a JSON text or its value; tells all problems, and never what a secret is. */
export function readManagedSecrets(
  bindings: Readonly<Record<string, unknown>>,
  problems: string[],
): ManagedSecrets {
  const written = bindings[SETTING];
  const stores = new Map<string, ReadonlyMap<string, string>>();
  if (written === undefined || written === "") return stores;
  const value = typeof written === "string" ? jsonOf(written) : written;
  if (!isJsonObject(value)) {
    problems.push(`${SETTING}: want a JSON object such as ${EXAMPLE}`);
    return stores;
  }
  for (const [store, paths] of Object.entries(value)) {
    const problem = (what: string) =>
      problems.push(`${SETTING}: ${JSON.stringify(store)}: ${what}`);
    if (!/^[^/]+\/[^/]+$/.test(store)) problem("want <manager>/<id>, e.g. vault/1");
    else if (!isJsonObject(paths)) problem("want an object of paths, such as that of the example");
    else stores.set(store, readPaths(paths, problem));
  }
  return stores;
}

function readPaths(
  paths: Readonly<Record<string, unknown>>,
  problem: (what: string) => void,
): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const [path, value] of Object.entries(paths)) {
    const text = scalarText(value);
    if (text !== undefined) texts.set(path, text);
    else problem(`${JSON.stringify(path)}: want a text that is not empty`);
  }
  return texts;
}

function scalarText(value: unknown): string | undefined {
  if (typeof value === "string") return value === "" ? undefined : value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

function jsonFields(text: string): Readonly<Record<string, unknown>> {
  const value = jsonOf(text);
  return isJsonObject(value) ? value : {};
}

/** Undefined for what is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
