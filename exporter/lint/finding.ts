/** Something that a person may want to change in a configuration. */
export interface Finding {
  /**
   * - `error`: it does not work, with APISIX either.
   * - `warning`: it hardly does what was meant, or the edge refuses it.
   * - `note`: the edge leaves it out, and the rest works.
   */
  readonly severity: Severity;
  /** What was looked for, e.g. `shadowed`. */
  readonly rule: string;
  /** The key of the resource; empty where it is about the whole file. */
  readonly key: string;
  /** JSON path in the value; empty for the whole. */
  readonly path: string;
  readonly problem: string;
  readonly remedy: string;
}

export const SEVERITIES = ["error", "warning", "note"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** By severity, then in the order of keys. */
export function compareFindings(a: Finding, b: Finding): number {
  const severity = SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity);
  if (severity !== 0) return severity;
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return 0;
}
