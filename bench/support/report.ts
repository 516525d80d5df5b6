/** What a benchmark found. */
export interface Report {
  /** Markdown, for a person. */
  readonly text: string;
  /** The same figures, for `--json`. */
  readonly figures: Readonly<Record<string, unknown>>;
}
