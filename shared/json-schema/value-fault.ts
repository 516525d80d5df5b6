/** What is wrong with a value: once in APISIX's words, which tools read, and once for people. */
export interface ValueFault {
  /** What APISIX says of the whole value. */
  readonly words: string;
  /** From the whole to what is wrong: names of fields, and places in lists from 0. */
  readonly way: readonly (string | number)[];
  /** What lies there; undefined where nothing does. */
  readonly found: unknown;
  /** For a person, e.g. `at least 1`. It quotes nothing of the value, which may be a secret. */
  readonly wanted: string;
}

/** The value itself is wrong. */
export function faultOf(found: unknown, wanted: string, words: string): ValueFault {
  return { words, way: [], found, wanted };
}

/** The fault of a field or member, seen from what it is in; `before` goes before the words. */
export function faultIn(step: string | number, fault: ValueFault, before = ""): ValueFault {
  return { ...fault, way: [step, ...fault.way], words: before + fault.words };
}

/** The same, several steps up. */
export function faultAt(way: readonly (string | number)[], fault: ValueFault): ValueFault {
  return { ...fault, way: [...way, ...fault.way] };
}

/** The same fault in other words. */
export function reworded(fault: ValueFault, words: string): ValueFault {
  return { ...fault, words };
}

/** `1 member`, `2 members`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
