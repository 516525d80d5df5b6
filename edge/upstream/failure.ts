/**
 * An attempt at a node that gave no answer. `refused`: there was no connection, so nothing was sent.
 * `broken`: the connection ended, or what came was no HTTP. `timeout`: nothing came in time.
 */
export type FailureKind = "refused" | "broken" | "timeout";

export class UpstreamFailure extends Error {
  readonly kind: FailureKind;
  /** Whether any of the request may have reached the node. */
  readonly sent: boolean;

  constructor(kind: FailureKind, sent: boolean, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = "UpstreamFailure";
    this.kind = kind;
    this.sent = sent;
  }

  /** What nginx answers when this was the last attempt. */
  get status(): 502 | 504 {
    return this.kind === "timeout" ? 504 : 502;
  }
}
