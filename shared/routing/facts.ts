import type { Variables } from "../expression/variables.ts";

/** Everything that matching may know of a request. */
export interface Facts {
  /** Upper case, as sent. */
  readonly method: string;
  /** The normalised path that routes are matched against: decoded once, dots resolved, `//` merged. */
  readonly uri: string;
  /** nginx's `$host`: lower case, without port and trailing dot; `_` where the request has none. */
  readonly host: string;
  /** The Host header as sent, with port. */
  readonly hostHeader: string;
  /** The client's address. */
  readonly remoteAddr: string;
  /** Asked by routes with `vars` only. */
  readonly variables: Variables;
}
