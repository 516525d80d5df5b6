import { evaluate } from "../../shared/expression/evaluate.ts";
import { fillTemplate } from "../../shared/expression/template.ts";
import { parseCondition } from "./condition.ts";
import { changeHeaders, type HeaderValues, headerChanges } from "./header-changes.ts";
import { definePlugin } from "./plugin.ts";
import { Rotations } from "./rotations.ts";

interface Action {
  /** Absent: the action does nothing, and later rules have their say. */
  readonly set_headers?: HeaderValues;
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
        labels: actions.map(({ set_headers: headers }) => headers && headerChanges(headers)),
        next: rotations.of(
          JSON.stringify([definedBy, i, match, actions]),
          actions.map(({ weight }, at) => ({ at, weight })),
        ),
      }));
      return {
        access(exchange) {
          const { variables } = exchange;
          const fill = (template: string) => fillTemplate(template, variables).text;
          for (const { condition, labels, next } of parsed) {
            if (!evaluate(condition, variables)) continue;
            // All of them, before the rotation has turned: a template may ask for the body.
            const filled = labels.map((label) => label?.filled(fill));
            const label = filled[next()];
            if (!label) continue;
            changeHeaders(exchange.headers, label);
            break;
          }
          return undefined;
        },
      };
    },
  };
});
