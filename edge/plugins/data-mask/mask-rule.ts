/** What is to be hidden, as it is configured. */
export interface MaskRule {
  readonly type: "query" | "header" | "body";
  readonly body_format?: "json" | "urlencoded";
  /** Of a field or header; in JSON a JSONPath. */
  readonly name: string;
  readonly action: "regex" | "replace" | "remove";
  readonly regex?: string;
  readonly value?: string;
}
