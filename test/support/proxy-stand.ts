import type { RunningWorker } from "../../examples/quick-start/workerd.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import type { TestTarget } from "./proxy-worker.ts";

export const PROXY_WORKER = "proxy";

/** The proxy alone, in a workerd of its own. `caFile` is trusted beside the public authorities. */
export async function startProxyWorker(
  caFile: string | undefined,
  inspectorPort?: number,
): Promise<RunningWorker> {
  if (caFile !== undefined) process.env.NODE_EXTRA_CA_CERTS = caFile;
  // Miniflare reads the variable when it is imported.
  const { startWorker } = await import("../../examples/quick-start/workerd.ts");
  const { bundleEdge } = await import("../../examples/quick-start/bundle-edge.ts");
  const script = await bundleEdge("../../test/support/proxy-worker.ts");
  const inspected = inspectorPort === undefined ? {} : { inspectorPort };
  return startWorker({ name: PROXY_WORKER, script, port: 0, ...inspected });
}

type Fields = Partial<Omit<Upstream, "nodes">> & { readonly host: string; readonly port: number };

/** The header line that sends a request to one node, by default with the node's own Host. */
export function targetHeader(fields: Fields, more: Omit<TestTarget, "upstream"> = {}): string {
  return `X-Test-Target: ${JSON.stringify(testTarget(fields, more))}\r\n`;
}

/** The same for an upstream with several nodes of one host. */
export function nodesHeader(
  fields: Partial<Omit<Upstream, "nodes">> & { readonly host: string; readonly ports: number[] },
  more: Omit<TestTarget, "upstream"> = {},
): string {
  const { host, ports, ...rest } = fields;
  const { upstream } = testTarget({ ...rest, host, port: 0 }, more);
  const nodes = ports.map((port) => ({ host, port, weight: 1, priority: 0 }));
  return `X-Test-Target: ${JSON.stringify({ upstream: { ...upstream, nodes }, ...more })}\r\n`;
}

export function testTarget(
  { host, port, ...fields }: Fields,
  more: Omit<TestTarget, "upstream"> = {},
): TestTarget {
  const upstream: Upstream = {
    type: "roundrobin",
    scheme: "http",
    pass_host: "node",
    hash_on: "vars",
    ...fields,
    nodes: [{ host, port, weight: 1, priority: 0 }],
  };
  return { upstream, ...more };
}
