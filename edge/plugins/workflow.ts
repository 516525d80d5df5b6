import { evaluate } from "../../shared/expression/evaluate.ts";
import {
  type Expression,
  ExpressionError,
  parseExpression,
} from "../../shared/expression/parse.ts";
import type { Exchange } from "./exchange.ts";
import {
  ConfigurationRefused,
  definePlugin,
  type Handler,
  type PluginHandlers,
  type PluginSite,
} from "./plugin.ts";

interface WorkflowConfiguration {
  readonly rules: readonly WorkflowRule[];
}

interface WorkflowRule {
  readonly case?: readonly unknown[];
  readonly actions: readonly Action[];
}

type Action = readonly [name: string, configuration: object];

interface BuiltRule {
  /** Undefined: always. */
  readonly when: Expression | undefined;
  readonly access: Handler;
  readonly log: PluginHandlers["log"];
}

/** `workflow`: the first rule that holds answers, or counts the request by a limit (reference 8.5). */
export const workflow = definePlugin<WorkflowConfiguration>(() => ({
  async build({ rules }, site) {
    const built = await Promise.all(rules.map((rule, i) => builtRule(rule, i, site)));
    const taken = new WeakMap<Exchange, BuiltRule>();
    return {
      access(exchange) {
        const rule = built.find(({ when }) => !when || evaluate(when, exchange.variables));
        if (!rule) return undefined;
        taken.set(exchange, rule);
        return rule.access(exchange);
      },
      log: (exchange, outcome) => taken.get(exchange)?.log?.(exchange, outcome),
    };
  },
}));

/** Of the actions only the first is taken, as in APISIX. */
async function builtRule(rule: WorkflowRule, i: number, site: PluginSite): Promise<BuiltRule> {
  const path = `rules[${i}]`;
  const when = rule.case && readCase(rule.case, `${path}.case`);
  const [action] = rule.actions;
  if (!action) throw new ConfigurationRefused(`${path}.actions: there is none`);
  const [name, configuration] = action;
  if (name === "return") return { when, access: returning(configuration, path), log: undefined };
  if (name !== "limit-count" && name !== "limit-conn") {
    throw new ConfigurationRefused(`${path}.actions: there is no action ${name}`);
  }
  const chain = site.definedBy.startsWith("global_rules/") ? "global" : "route";
  const { access, log } = await site.nested(name, configuration, `#${path}`);
  return {
    when,
    access: (exchange) => {
      exchange.standIn(chain, name);
      return access?.(exchange);
    },
    log,
  };
}

function readCase(value: readonly unknown[], path: string): Expression {
  try {
    return parseExpression(value);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new ConfigurationRefused(`${path}: ${error.message}`);
  }
}

function returning(configuration: object, path: string): Handler {
  const { code: status } = configuration as { readonly code: number };
  // A Worker cannot end a request with an interim answer.
  if (status < 200) throw new ConfigurationRefused(`${path}.actions: code ${status} is no answer`);
  return () => ({ status, body: { error_msg: "rejected by workflow" } });
}
