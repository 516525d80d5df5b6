import { CasbinError } from "./casbin-error.ts";

/** How the verdicts of all rules come to one. */
export type Effect = "some allow" | "no deny" | "some allow and no deny" | "first of priority";

/** What a model says, its matcher still as text. */
export interface CasbinModel {
  /** Names of what a request is asked with, e.g. `sub`, `obj`, `act`. */
  readonly requestFields: readonly string[];
  readonly policyFields: readonly string[];
  /** `g`, `g2`, …: how many names a line of them has, two or, with a domain, three. */
  readonly roles: ReadonlyMap<string, number>;
  readonly effect: Effect;
  readonly matcher: string;
}

/** As far as they have a meaning for casbin; white space does not count. */
const EFFECTS: ReadonlyMap<string, Effect> = new Map<string, Effect>([
  ["some(where(p.eft==allow))", "some allow"],
  ["!some(where(p.eft==deny))", "no deny"],
  ["some(where(p.eft==allow))&&!some(where(p.eft==deny))", "some allow and no deny"],
  ["priority(p.eft)||deny", "first of priority"],
]);

const KNOWN: ReadonlyMap<string, RegExp> = new Map([
  ["request_definition", /^r$/],
  ["policy_definition", /^p$/],
  ["role_definition", /^g\d*$/],
  ["policy_effect", /^e$/],
  ["matchers", /^m$/],
]);

/** Throws `CasbinError`. */
export function parseCasbinModel(text: string): CasbinModel {
  const sections = readSections(text);
  const definition = (section: string, key: string) => {
    const value = sections.get(section)?.get(key);
    if (!value) throw new CasbinError(`the model has no ${key} in [${section}]`);
    return value;
  };
  const wanted = definition("policy_effect", "e").replaceAll(/\s/g, "");
  const effect = EFFECTS.get(wanted);
  if (!effect) throw new CasbinError(`the model's policy_effect is none that is known: ${wanted}`);
  const roles = [...(sections.get("role_definition") ?? [])];
  return {
    requestFields: fieldsOf(definition("request_definition", "r")),
    policyFields: fieldsOf(definition("policy_definition", "p")),
    roles: new Map(roles.map(([key, value]) => [key, arityOf(key, value)])),
    effect,
    matcher: definition("matchers", "m"),
  };
}

/** The file's form: `[section]`, `key = value`, `#` and `;` before remarks, `\` where a line goes on. */
function readSections(text: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = "";
  for (const written of text.replaceAll(/\\[ \t]*\r?\n/g, " ").split("\n")) {
    const line = written.replace(/#.*$/, "").trim();
    if (line === "" || line.startsWith(";")) continue;
    const named = /^\[(.*)\]$/.exec(line)?.[1];
    if (named !== undefined) {
      section = named.trim();
      continue;
    }
    const [, key = "", value = ""] = /^([^=]*)=(.*)$/.exec(line) ?? [];
    if (!KNOWN.get(section)?.test(key.trim())) {
      throw new CasbinError(`the model has "${line}" in [${section}], which is not understood`);
    }
    const keys = sections.get(section) ?? new Map<string, string>();
    sections.set(section, keys.set(key.trim(), value.trim()));
  }
  return sections;
}

function fieldsOf(definition: string): string[] {
  return definition.split(",").map((field) => field.trim());
}

function arityOf(key: string, definition: string): number {
  const names = fieldsOf(definition);
  if (names.some((name) => name !== "_") || names.length < 2 || names.length > 3) {
    throw new CasbinError(`the model's ${key} is to be "_, _" or "_, _, _"`);
  }
  return names.length;
}
