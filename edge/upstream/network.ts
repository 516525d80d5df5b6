/** The two ways to reach something on a network. */
export interface Network {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** `address` is `host:port`. */
  readonly connect: (address: string, options: SocketOptions) => Socket;
}
