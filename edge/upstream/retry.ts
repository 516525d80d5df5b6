import type { UpstreamFailure } from "./failure.ts";

/** What has happened to a request so far, as far as another attempt depends on it. */
export interface Attempts {
  readonly method: string;
  /** Attempts made. */
  readonly made: number;
  /** Attempts allowed: 1 + retries. */
  readonly allowed: number;
  /** The body is still at hand: there is none, it is kept, or nothing has read from it. */
  readonly canSendBody: boolean;
  /** Milliseconds since the first attempt began, and the limit for beginning another; 0: none. */
  readonly elapsedMs: number;
  readonly retryTimeoutMs: number;
}

/** nginx never sends these again once they may have arrived. */
const NOT_IDEMPOTENT = new Set(["POST", "LOCK", "PATCH"]);

/** Whether to try another node; `too-late`: it would be, had `retry_timeout` not passed. */
export type RetryDecision = "retry" | "stop" | "too-late";

/** Only failures before any byte of an answer was passed on come here; a status is an answer. */
export function decideRetry(failure: UpstreamFailure, attempts: Attempts): RetryDecision {
  if (attempts.made >= attempts.allowed || !attempts.canSendBody) return "stop";
  if (failure.kind === "malformed") return "stop";
  if (failure.sent && NOT_IDEMPOTENT.has(attempts.method)) return "stop";
  const isInTime = attempts.retryTimeoutMs === 0 || attempts.elapsedMs <= attempts.retryTimeoutMs;
  return isInTime ? "retry" : "too-late";
}
