import { Agent, createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { bundleEdge } from "../../examples/quick-start/bundle-edge.ts";
import { freePort } from "../../examples/quick-start/ports.ts";
import { startWorker } from "../../examples/quick-start/workerd.ts";
import { openInspector } from "../support/inspector.ts";
import { makeRequests, type TableRequest } from "./requests.ts";
import { makeTable, type TableKind, type TableRoute } from "./route-table.ts";
import { BUCKET, type ServedSnapshot, serveSnapshot } from "./served-snapshot.ts";

/** Megabytes of the edge worker, in workerd, while 10,000 routes of the table are asked. */
export interface IsolateMemory {
  /** V8's heap and all buffers after a collection, the more of two: what counts before it gives up. */
  readonly liveMb: number;
  /** The most with garbage and free room. Locally workerd sets V8 no limit, so it collects late. */
  readonly peakMb: number;
  /** Answers other than the upstream's own; none is expected. */
  readonly failures: number;
  readonly requests: number;
}

const HOT_ROUTES = 10_000;
const REQUESTS = 20_000;
const AT_ONCE = 8;
const SAMPLE_EVERY = 250;
const PARTS = 2;

export async function measureIsolate(
  kind: TableKind,
  size: number,
  say: (line: string) => void,
): Promise<IsolateMemory> {
  const upstream = createServer((_request, response) => response.end("ok"));
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  const table = makeTable(kind, size, 1);
  const hot = hotRequests(table);
  try {
    const snapshot = await serveSnapshot(kind, table, port);
    const { chunks, bytes } = snapshot;
    say(`isolate: ${chunks} chunks, bodies of ${(bytes.bodies / 1e6).toFixed(0)} MB`);
    return await load(snapshot, hot).finally(snapshot.stop);
  } finally {
    upstream.closeAllConnections();
    upstream.close();
  }
}

/** As the zipf stream, but of 10,000 routes, and each of them at least once. */
function hotRequests(table: readonly TableRoute[]): readonly TableRequest[] {
  const step = Math.max(1, Math.floor(table.length / HOT_ROUTES));
  const hot = table.filter((route, i) => i % step === 0 && route.vars.length === 0);
  const each = hot.flatMap((route) => makeRequests([route], "zipf", 1, 1, 0));
  return [...each, ...makeRequests(hot, "zipf", REQUESTS - each.length, 2, 0)];
}

async function load(
  { endpoint }: ServedSnapshot,
  requests: readonly TableRequest[],
): Promise<IsolateMemory> {
  const inspectorPort = await freePort();
  const worker = await startWorker({
    name: "snapgate-edge",
    script: await bundleEdge(),
    port: 0,
    inspectorPort,
    bindings: {
      S3_ENDPOINT: endpoint,
      S3_BUCKET: BUCKET,
      S3_ACCESS_KEY_ID: "any",
      S3_SECRET_ACCESS_KEY: "any",
      REFRESH_INTERVAL_MS: "3600000",
    },
  });
  const inspector = await openInspector(inspectorPort, "snapgate-edge");
  try {
    const found = { liveMb: 0, peakMb: 0, failures: 0, requests: requests.length };
    const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
    const sizeOf = async (size: "usedSize" | "totalSize") => {
      const heap = await inspector.heap();
      return (heap[size] + heap.embedderHeapUsedSize + heap.backingStorageSize) / 1e6;
    };
    for (let part = 0; part < PARTS; part++) {
      const length = requests.length / PARTS;
      const waiting = requests.slice(part * length, (part + 1) * length).entries();
      const client = async () => {
        for (const [i, request] of waiting) {
          if ((await ask(worker.url, request, agent)) !== 200) found.failures++;
          if (i % SAMPLE_EVERY === 0)
            found.peakMb = Math.max(found.peakMb, await sizeOf("totalSize"));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, client));
      await inspector.collectGarbage();
      found.liveMb = Math.max(found.liveMb, await sizeOf("usedSize"));
    }
    agent.destroy();
    return found;
  } finally {
    inspector.close();
    await worker.stop();
  }
}

function ask(
  url: string,
  { method, host, path, values }: TableRequest,
  agent: Agent,
): Promise<number> {
  const headers = { host, ...headersOf(values) };
  return new Promise((resolve, reject) => {
    const sending = send(`${url}${path}`, { method, headers, agent }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    });
    sending.once("error", reject).end();
  });
}

/** Of the values that requests have only headers count here: none of the routes asks for others. */
function headersOf(values: TableRequest["values"]): Record<string, string> {
  return "http_x_canary" in values ? { "x-canary": String(values.http_x_canary) } : {};
}
