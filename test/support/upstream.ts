import { startUpstreams } from "../../examples/quick-start/upstreams.ts";

/** One upstream that says who it is; `node` is its address as a key of APISIX's `nodes`. */
export async function startUpstream(name = "only") {
  const upstreams = await startUpstreams([name], 0);
  return { node: `127.0.0.1:${upstreams.ports[0]}`, stop: upstreams.stop };
}
