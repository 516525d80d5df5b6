import { evaluate } from "../../shared/expression/evaluate.ts";
import type { Expression } from "../../shared/expression/parse.ts";
import { fillTemplate } from "../../shared/expression/template.ts";
import type { Variables } from "../../shared/expression/variables.ts";
import { parseCondition } from "./condition.ts";
import { changeHeaders, type HeaderValues, headerChanges, ofAnswer } from "./header-changes.ts";
import { pause } from "./pause.ts";
import { definePlugin } from "./plugin.ts";
import { sendableStatus } from "./sendable-status.ts";

interface Fault {
  /** Of requests; absent: all. */
  readonly percentage?: number;
  /** Conditions of which one must hold. */
  readonly vars?: readonly unknown[];
}

interface FaultInjectionConfiguration {
  readonly delay?: Fault & {
    /** Seconds. */
    readonly duration: number;
  };
  readonly abort?: Fault & {
    readonly http_status: number;
    readonly body?: string;
    readonly headers?: HeaderValues;
  };
}

/** `fault-injection`: makes requests wait, and answers some itself (reference 8.2). */
export const faultInjection = definePlugin<FaultInjectionConfiguration>(({ random, timers }) => {
  const isDrawn = ({ percentage }: Fault) =>
    percentage === undefined || 1 + Math.floor(random() * 100) <= percentage;
  return {
    build({ delay, abort }) {
      const status = abort && sendableStatus(abort.http_status);
      const headers = abort?.headers && headerChanges(abort.headers, ofAnswer);
      const delayHolds = conditionOf(delay, "delay.vars");
      const abortHolds = conditionOf(abort, "abort.vars");
      return {
        async rewrite({ answerHeaders, variables }) {
          const aborts = abortHolds(variables);
          const fill = (template: string) => fillTemplate(template, variables).text;
          const filled = aborts ? headers?.filled(fill) : undefined;
          const body = aborts && abort?.body !== undefined ? fill(abort.body) : undefined;
          if (delay && delayHolds(variables) && isDrawn(delay)) {
            await pause(timers, delay.duration * 1000);
          }
          if (!abort || status === undefined || !aborts || !isDrawn(abort)) return undefined;
          if (filled) changeHeaders(answerHeaders, filled);
          return { status, body };
        },
      };
    },
  };
});

function conditionOf(fault: Fault | undefined, where: string): (variables: Variables) => boolean {
  const conditions: readonly Expression[] | undefined = fault?.vars?.map((vars, i) =>
    parseCondition(vars, `${where}[${i}]`),
  );
  if (!conditions) return () => fault !== undefined;
  return (variables) => conditions.some((condition) => evaluate(condition, variables));
}
