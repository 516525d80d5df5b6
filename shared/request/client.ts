/** The client's side of a request. */
export interface Client {
  readonly address: string;
  readonly scheme: "http" | "https";
  /** The Host header as sent, with its port. */
  readonly hostHeader: string;
  /** The port it asked: of the Host header, or of the listener. */
  readonly port: number;
}
