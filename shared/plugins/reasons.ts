/** What the edge does with the plugins of the catalogue, and why. */

/**
 * - `supported`: runs as in APISIX.
 * - `ignored`: a request may go on without it; listed as a notice.
 * - `refused`: a request must not go on without it; routes that use it answer 503.
 */
export interface PluginSupport {
  readonly is: "supported" | "ignored" | "refused";
  readonly reason: string;
  /** The nearest way to the same end. */
  readonly remedy: string;
}

export interface Supported extends PluginSupport {
  readonly is: "supported";
}
interface Ignored extends PluginSupport {
  readonly is: "ignored";
}
interface Refused extends PluginSupport {
  readonly is: "refused";
}

const refused = (reason: string, remedy: string): Refused => ({ is: "refused", reason, remedy });
const ignored = (reason: string, remedy: string): Ignored => ({ is: "ignored", reason, remedy });

export const SUPPORTED: Supported = { is: "supported", reason: "", remedy: "" };

export const LATER = refused(
  "this release does not run it yet",
  "take it off the route, set _meta.disable, or serve the route with APISIX itself",
);
export const LUA = refused(
  "it runs Lua, which a Worker cannot",
  "write the same in TypeScript as a plugin of your own (edge/plugins/README.md)",
);
export const TCP = refused(
  "its protocol needs connections that a Worker cannot keep",
  "serve the route with APISIX itself",
);
export const GRPC = refused(
  "a Worker cannot read gRPC trailers",
  "serve the route with APISIX itself",
);
export const LOCAL_PROCESS = refused(
  "it talks to a process on the gateway's own machine",
  "serve the route with APISIX itself",
);
export const STREAM = refused(
  "Workers have no TCP or UDP listeners",
  "serve the route with APISIX itself",
);
export const CONFIGURED_ELSEWHERE = ignored(
  "where it sends is set in APISIX's own config.yaml; it observes and guards nothing",
  "trace by zipkin or opentelemetry",
);
export const UNREACHABLE_OBSERVER = ignored(
  "its protocol cannot be spoken from a Worker; it observes and guards nothing",
  "log over HTTP, or use Cloudflare's own logs",
);
export const COMPRESSION = ignored("Cloudflare compresses answers by itself", "nothing to do");
export const PROCESS = ignored(
  "there is no process or disk of the gateway at the edge",
  "nothing to do",
);
export const STREAMING = ignored("the edge streams both ways, always", "nothing to do");
export const TLS = ignored(
  "Cloudflare terminates TLS before the Worker",
  "set it up in Cloudflare",
);
export const CACHE = ignored("the route index needs no match cache", "nothing to do");
