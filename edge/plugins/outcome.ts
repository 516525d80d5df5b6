import type { AnswerSource } from "./answer.ts";

/** What became of a request, for the log phase. */
export interface Outcome {
  readonly status: number;
  /** As sent to the client. */
  readonly headers: Headers;
  readonly source: AnswerSource;
  /** Of the body, as far as it was sent. */
  readonly bodyBytes: number;
  /** `cut`: the client went away, or the upstream broke off. */
  readonly end: "whole" | "cut";
  /** Milliseconds since 1970 of the last byte. */
  readonly endedAt: number;
}
