/** Who made an answer: a node, the gateway (no route, no node left, ...), or a plugin's exit. */
export type AnswerSource = "upstream" | "gateway" | "plugin";

/** An answer's head, as header filters may change it. */
export class AnswerHead {
  status: number;
  readonly headers: Headers;
  readonly source: AnswerSource;
  readonly #method: string;

  constructor(response: Response, source: AnswerSource, method: string) {
    this.status = response.status;
    this.headers = response.headers;
    this.source = source;
    this.#method = method;
  }

  /** False for HEAD and for statuses that have none, as they are now: no body filter runs. */
  get mayHaveBody(): boolean {
    return this.#method !== "HEAD" && !BODILESS.has(this.status);
  }

  /** A body filter will change the body: what the headers say of its bytes is no longer true. */
  changesBody(): void {
    for (const name of OF_THE_BODY) this.headers.delete(name);
  }
}

const BODILESS = new Set([101, 204, 205, 304]);

/** What APISIX clears then (`core.response.clear_header_as_body_modified`). */
const OF_THE_BODY = ["content-length", "content-encoding", "last-modified", "etag"];
