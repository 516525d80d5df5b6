import {
  type HeaderChanges,
  headerChanges,
  ofAnswer,
  type ParsedChanges,
} from "../header-changes.ts";

/** As configured: what is added is written as `Name: value`. */
export type AnswerHeaders =
  | Readonly<Record<string, string | number>>
  | {
      readonly add?: readonly string[];
      readonly set?: Readonly<Record<string, string | number>>;
      readonly remove?: readonly string[];
    };

const LINE = /^([^:\s]+)\s*:\s*([^:]+)$/;

/** Where one line is none, APISIX changes no header at all. */
export function answerHeaderChanges(configured: AnswerHeaders): ParsedChanges {
  const { add, set, remove } = configured;
  if (!Array.isArray(add)) return headerChanges(configured as HeaderChanges, ofAnswer);
  const others = headerChanges(
    {
      // Even empty, they tell that these are changes.
      set: typeof set === "object" ? set : {},
      remove: Array.isArray(remove) ? remove : [],
    },
    ofAnswer,
  );
  const added = add.map((line) => {
    const [, name, value] = LINE.exec(line) ?? [];
    return name === undefined || value === undefined ? undefined : { [name]: value };
  });
  if (added.includes(undefined)) return { filled: () => ({ add: [], set: [], remove: [] }) };
  // Of its own each, since one name may be added several times.
  const each = added.map((line) => headerChanges({ add: line ?? {} }, ofAnswer));
  return {
    filled: (fill) => ({
      ...others.filled(fill),
      add: each.flatMap((one) => one.filled(fill).add),
    }),
  };
}
