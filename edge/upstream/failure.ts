/**
 * An attempt at a node that gave no answer. `refused`: there was no connection, so nothing was sent.
 * `broken`: the connection ended. `timeout`: nothing came in time. `malformed`: what came is no HTTP/1.1
 * response, which another node would not do better with.
 */
export type FailureKind = "refused" | "broken" | "timeout" | "malformed";

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

/** The client's side of a request cannot be sent on: its body was cut, or its head is not in order. */
export class ClientFailure extends Error {
  override readonly name = "ClientFailure";
}
