import { CasbinError } from "./casbin-error.ts";
import type { CasbinModel } from "./casbin-model.ts";
import { RoleLinks } from "./role-links.ts";

/** The values of one line `p, …`, in the order of the model's fields. */
export type Rule = readonly string[];

export interface CasbinPolicy {
  /** In the order in which they count. */
  readonly rules: readonly Rule[];
  readonly roles: ReadonlyMap<string, RoleLinks>;
}

/** Lines of values between commas. Throws `CasbinError` for one that the model does not provide for. */
export function parseCasbinPolicy(text: string, model: CasbinModel): CasbinPolicy {
  const rules: Rule[] = [];
  const roles = new Map([...model.roles.keys()].map((key) => [key, new RoleLinks()] as const));
  for (const written of text.split("\n")) {
    const line = written.trim();
    if (line === "" || line.startsWith("#")) continue;
    const [key = "", ...values] = line.split(",").map((value) => value.trim());
    if (key === "p") {
      checkLength(line, values, model.policyFields.length);
      rules.push(values);
    } else if (/^g\d*$/.test(key)) {
      // Without a definition of these roles nothing can ask for them.
      const links = roles.get(key);
      if (!links) continue;
      checkLength(line, values, model.roles.get(key) ?? 0);
      const [name = "", role = "", domain] = values;
      links.add(name, role, domain);
    } else {
      throw new CasbinError(`the policy's line "${line}" is none of p or g`);
    }
  }
  return { rules: byPriority(rules, model.policyFields.indexOf("priority")), roles };
}

function checkLength(line: string, values: readonly string[], wanted: number): void {
  if (values.length === wanted) return;
  throw new CasbinError(`the policy's line "${line}" has ${values.length} values, not ${wanted}`);
}

/** Lowest number first, where the model has such a field. */
function byPriority(rules: readonly Rule[], field: number): readonly Rule[] {
  if (field < 0) return rules;
  const priorityOf = (rule: Rule) => {
    const text = rule[field] ?? "";
    if (!/^-?\d+$/.test(text)) throw new CasbinError(`the policy has "${text}" as a priority`);
    return Number(text);
  };
  return rules.toSorted((a, b) => priorityOf(a) - priorityOf(b));
}
