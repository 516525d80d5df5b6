import { CasbinError } from "./casbin-error.ts";
import { parseMatcher, type RequestValues, type RuleTest } from "./casbin-matcher.ts";
import { type CasbinModel, type Effect, parseCasbinModel } from "./casbin-model.ts";
import { parseCasbinPolicy, type Rule } from "./casbin-policy.ts";

/** Whether a request of these values is allowed. */
export type Enforcer = (...values: RequestValues) => boolean;

type Verdict = "allow" | "deny" | "none";

interface JudgingRule {
  readonly isAbout: RuleTest;
  readonly verdict: Verdict;
}

/** `fields`: how many values it will be asked with. Throws `CasbinError`. */
export function createEnforcer(modelText: string, policyText: string, fields: number): Enforcer {
  const model = parseCasbinModel(modelText);
  if (model.requestFields.length !== fields) {
    throw new CasbinError(`the model's r has ${model.requestFields.length} values, not ${fields}`);
  }
  const { rules, roles } = parseCasbinPolicy(policyText, model);
  const matcher = parseMatcher(model, roles);
  const judging = rules.map((rule) => ({
    isAbout: matcher(rule),
    verdict: verdictOf(rule, model),
  }));
  if (judging.length === 0) judging.push(ruleOfNone(model, matcher));
  return (...values) => resultOf(model.effect, verdicts(judging, values));
}

/** casbin asks the matcher once with empty texts where the policy has no rule. */
function ruleOfNone(model: CasbinModel, matcher: (rule: Rule) => RuleTest): JudgingRule {
  return { isAbout: matcher(model.policyFields.map(() => "")), verdict: "allow" };
}

function verdictOf(rule: Rule, { policyFields }: CasbinModel): Verdict {
  const field = policyFields.indexOf("eft");
  const told = field < 0 ? "allow" : rule[field];
  return told === "allow" || told === "deny" ? told : "none";
}

function* verdicts(rules: readonly JudgingRule[], values: RequestValues): Iterable<Verdict> {
  for (const { isAbout, verdict } of rules) if (isAbout(values)) yield verdict;
}

function resultOf(effect: Effect, found: Iterable<Verdict>): boolean {
  let isAllowed = effect === "no deny";
  for (const verdict of found) {
    if (verdict === "allow" && effect === "some allow") return true;
    if (verdict === "deny" && effect !== "some allow") return false;
    if (verdict === "allow" && effect === "first of priority") return true;
    if (verdict === "allow") isAllowed = true;
  }
  return isAllowed;
}
