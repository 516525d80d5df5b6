/** What the Admin API answers to a call. */
export interface Answer {
  readonly status: number;
  /** JSON, a text that is sent as it is, or undefined for none. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer that ends a call wherever it was found out. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly answer: Answer;

  constructor(status: number, body: unknown) {
    super(typeof body === "string" ? body : JSON.stringify(body));
    this.answer = { status, body };
  }
}

export function refusal(status: number, error_msg: string): Refusal {
  return new Refusal(status, { error_msg });
}

export function notFound(): Refusal {
  return new Refusal(404, { message: "Key not found" });
}
