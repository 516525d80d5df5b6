import { CasbinError } from "./casbin-error.ts";
import type { CasbinModel } from "./casbin-model.ts";
import type { Rule } from "./casbin-policy.ts";
import { KEY_PATTERNS, type KeyPattern } from "./key-patterns.ts";
import { MatcherTokens } from "./matcher-tokens.ts";
import type { RoleLinks } from "./role-links.ts";

/** Values in the order of the model's request fields. */
export type RequestValues = readonly string[];

/** Whether a rule is about a request. */
export type RuleTest = (request: RequestValues) => boolean;

/** Made for each rule, so that the patterns in it are compiled once. Throws `CasbinError`. */
export type Matcher = (rule: Rule) => RuleTest;

/** A text of the request (a function of it), or one that the rule alone tells. */
type Term =
  | { readonly of: "request"; readonly field: number }
  | { readonly of: "rule"; readonly value: (rule: Rule) => string };

/**
 * Matchers of `&&`, `||`, `!`, `==`, `!=`, `in (…)`, texts, `r.x`, `p.x`, roles and key patterns. Nothing
 * is evaluated that is not one of these, and a pattern never comes from a request. Throws `CasbinError`.
 */
export function parseMatcher(model: CasbinModel, roles: ReadonlyMap<string, RoleLinks>): Matcher {
  const tokens = new MatcherTokens(model.matcher);
  const matcher = new MatcherParser(tokens, model, roles).either();
  if (tokens.next.is !== "end") throw tokens.unexpected();
  return matcher;
}

class MatcherParser {
  readonly #tokens: MatcherTokens;
  readonly #model: CasbinModel;
  readonly #roles: ReadonlyMap<string, RoleLinks>;

  constructor(tokens: MatcherTokens, model: CasbinModel, roles: ReadonlyMap<string, RoleLinks>) {
    this.#tokens = tokens;
    this.#model = model;
    this.#roles = roles;
  }

  either(): Matcher {
    const parts = [this.#all()];
    while (this.#tokens.takes("||")) parts.push(this.#all());
    return combined(parts, (tests, request) => tests.some((test) => test(request)));
  }

  #all(): Matcher {
    const parts = [this.#single()];
    while (this.#tokens.takes("&&")) parts.push(this.#single());
    return combined(parts, (tests, request) => tests.every((test) => test(request)));
  }

  #single(): Matcher {
    const tokens = this.#tokens;
    if (tokens.takes("!")) return negated(this.#single());
    if (tokens.takes("(")) {
      const inner = this.either();
      tokens.expect(")");
      return inner;
    }
    if (tokens.next.is === "name" && !tokens.next.text.includes(".")) return this.#call();
    return this.#comparison(this.#term());
  }

  #comparison(left: Term): Matcher {
    const tokens = this.#tokens;
    if (tokens.takes("in")) return anyEqual(left, this.#terms());
    if (tokens.takes("==")) return anyEqual(left, [this.#term()]);
    if (tokens.takes("!=")) return negated(anyEqual(left, [this.#term()]));
    throw tokens.unexpected();
  }

  #call(): Matcher {
    const { text: name } = this.#tokens.take();
    const terms = this.#terms();
    const links = this.#roles.get(name);
    if (links && terms.length === this.#model.roles.get(name)) return roleTest(links, terms);
    const patternOf = KEY_PATTERNS.get(name);
    const [text, pattern] = terms;
    if (!patternOf || terms.length !== 2 || text === undefined || pattern?.of !== "rule") {
      throw new CasbinError(`the matcher's ${name}(…) is not understood with these arguments`);
    }
    return (rule) => {
      const fits: KeyPattern = patternOf(pattern.value(rule));
      return (request) => fits(termValue(text, rule, request));
    };
  }

  /** `(a, b)`: at least one. */
  #terms(): readonly [Term, ...Term[]] {
    this.#tokens.expect("(");
    const terms: [Term, ...Term[]] = [this.#term()];
    while (this.#tokens.takes(",")) terms.push(this.#term());
    this.#tokens.expect(")");
    return terms;
  }

  #term(): Term {
    const { is, text } = this.#tokens.next;
    if (is === "text") {
      this.#tokens.take();
      return { of: "rule", value: () => text };
    }
    const [holder, field = ""] = is === "name" ? text.split(".") : [];
    const { requestFields, policyFields } = this.#model;
    const index = (holder === "r" ? requestFields : policyFields).indexOf(field);
    if ((holder !== "r" && holder !== "p") || index < 0) throw this.#tokens.unexpected();
    this.#tokens.take();
    if (holder === "r") return { of: "request", field: index };
    return { of: "rule", value: (rule) => rule[index] ?? "" };
  }
}

function combined(
  parts: readonly Matcher[],
  combine: (tests: readonly RuleTest[], request: RequestValues) => boolean,
): Matcher {
  return (rule) => {
    const tests = parts.map((part) => part(rule));
    return (request) => combine(tests, request);
  };
}

function negated(matcher: Matcher): Matcher {
  return (rule) => {
    const test = matcher(rule);
    return (request) => !test(request);
  };
}

function anyEqual(left: Term, others: readonly Term[]): Matcher {
  return (rule) => (request) => {
    const value = termValue(left, rule, request);
    return others.some((other) => termValue(other, rule, request) === value);
  };
}

function roleTest(links: RoleLinks, terms: readonly Term[]): Matcher {
  return (rule) => (request) => {
    const [name = "", role = "", domain] = terms.map((term) => termValue(term, rule, request));
    return links.hasRole(name, role, domain);
  };
}

function termValue(term: Term, rule: Rule, request: RequestValues): string {
  return term.of === "request" ? (request[term.field] ?? "") : term.value(rule);
}
