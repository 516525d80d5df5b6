import { evaluate } from "../../shared/expression/evaluate.ts";
import { fillTemplate } from "../../shared/expression/template.ts";
import { parseCondition } from "./condition.ts";
import type { Exchange } from "./exchange.ts";
import { setHeader } from "./header-changes.ts";
import { headerText } from "./header-text.ts";
import { definePlugin } from "./plugin.ts";
import { Rotations } from "./rotations.ts";

interface Action {
  /** Absent: the action does nothing, and later rules have their say. */
  readonly set_headers?: Readonly<Record<string, string | number>>;
  readonly weight: number;
}

interface TrafficLabelConfiguration {
  readonly rules: readonly { readonly match?: unknown; readonly actions: readonly Action[] }[];
}

/** `traffic-label`: headers by the first rule that matches, shared out by weight (reference 8.4). */
export const trafficLabel = definePlugin<TrafficLabelConfiguration>(({ random }) => {
  const rotations = new Rotations(random);
  return {
    build({ rules }, { definedBy }) {
      const parsed = rules.map(({ match = [], actions }, i) => ({
        condition: parseCondition(match, `rules[${i}].match`),
        actions,
        next: rotations.of(
          JSON.stringify([definedBy, i, match, actions]),
          actions.map(({ weight }, at) => ({ at, weight })),
        ),
      }));
      return {
        access(exchange) {
          const { variables } = exchange;
          for (const { condition, actions, next } of parsed) {
            if (!evaluate(condition, variables)) continue;
            const headers = actions[next()]?.set_headers;
            if (!headers) continue;
            label(exchange, headers);
            break;
          }
          return undefined;
        },
      };
    },
  };
});

function label(exchange: Exchange, headers: NonNullable<Action["set_headers"]>): void {
  const { variables } = exchange;
  const filled = Object.entries(headers).map(
    ([name, text]) => [name, fillTemplate(String(text), variables).text] as const,
  );
  for (const [name, value] of filled) setHeader(exchange.headers, name, headerText(value));
}
