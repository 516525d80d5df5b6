import type { Upstream } from "../../shared/resources/upstream.ts";
import type { UpstreamState } from "../balancer/balancer-pool.ts";
import type { UpstreamBinding } from "../upstream/upstream-bindings.ts";

/** Where requests go: an upstream, with what the isolate remembers of it. */
export interface Destination extends UpstreamState {
  readonly upstream: Upstream;
  /** Carries its requests in place of `fetch` and sockets. */
  readonly binding: UpstreamBinding | undefined;
}
