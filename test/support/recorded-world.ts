import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { bundleEdge } from "../../examples/quick-start/bundle-edge.ts";
import { type RunningEdge, startEdge } from "../../examples/quick-start/edge.ts";
import { freePort } from "../../examples/quick-start/ports.ts";
import { systemClock } from "../../exporter/clock.ts";
import type { CompiledSnapshot } from "../../exporter/compile/compiled-snapshot.ts";
import { Compiler } from "../../exporter/compile/compiler.ts";
import { Publisher } from "../../exporter/publish/publisher.ts";
import type { ObjectStore } from "../../exporter/store/object-store.ts";
import { S3Store } from "../../exporter/store/s3-store.ts";
import { startEchoUpstreams } from "./echo-upstreams.ts";
import { type RawAnswer, sendRaw } from "./raw-http.ts";
import type { RecordedCase, RecordedRequest } from "./recorded-cases.ts";
import { ResourceWorld } from "./resource-world.ts";

/**
 * The edge in workerd, before the upstreams of the recordings, and an exporter without its process: one
 * configuration after the other becomes a generation.
 */
export interface RecordedWorld {
  /** The gateway's port. */
  readonly port: number;
  /** What the next request is served with. Returns what the exporter rejects of it. */
  publish(recorded: RecordedCase): Promise<string[]>;
  send(request: RecordedRequest): Promise<RawAnswer>;
  stop(): Promise<void>;
}

const CLIENT_IP_HEADER = "CF-Connecting-IP";
const ANSWER_WITHIN_MS = 20_000;

export async function openRecordedWorld(): Promise<RecordedWorld> {
  const upstreams = await startEchoUpstreams();
  const port = await freePort();
  const edge = await startEdge({
    port,
    storePort: 0,
    script: await bundleWith(upstreams.ports),
    bindings: {
      SNAPGATE_NAMESPACE: "default",
      REFRESH_INTERVAL_MS: "0",
      LISTEN_PORT: String(port),
      ACCESS_LOG: "off",
    },
  });
  const resources = new ResourceWorld();
  const store = storeOf(edge);
  const publisher = new Publisher({
    store,
    namespace: "default",
    clock: systemClock,
    by: "a test",
  });
  let held: string[] = [];
  return {
    port,
    publish: async (recorded) => {
      resources.put(Object.fromEntries(held.map((key) => [key, undefined])));
      held = recorded.resources.map(keyOf);
      resources.put(Object.fromEntries(recorded.resources.map(written)));
      resources.put(
        Object.fromEntries((recorded.after ?? []).map((one) => [keyOf(one), undefined])),
      );
      const keys = held.filter((key) => resources.table.has(key));
      const snapshot = await new Compiler(recorded.mode).compile(
        resources.table,
        new Set(keys),
        new Set(),
      );
      await makeLive(snapshot, publisher);
      return resources.table.rejections().map((rejection) => JSON.stringify(rejection));
    },
    send: (request) => sendRaw(edge.url, textOf(request), ANSWER_WITHIN_MS),
    stop: async () => {
      await edge.stop();
      upstreams.stop();
    },
  };
}

const keyOf = ({ k, id }: { readonly k: string; readonly id: string }) => `${k}/${id}`;

/** As the Admin API stores it. */
function written({ k, id, v }: RecordedCase["resources"][number]): [string, object] {
  return [keyOf({ k, id }), k === "consumers" ? v : { id, ...v }];
}

async function makeLive(snapshot: CompiledSnapshot, publisher: Publisher): Promise<void> {
  await publisher.refresh();
  const source = { clusterId: "1", revision: 1 };
  const { outcome } = await publisher.publish({ snapshot, source });
  if (outcome !== "published" && outcome !== "unchanged") throw new Error(`publishing: ${outcome}`);
}

function storeOf({ store }: RunningEdge): ObjectStore {
  return new S3Store({
    ...store,
    region: "auto",
    prefix: "default/",
    pathStyle: true,
    checksums: "required",
    unquotedEtags: false,
    timeoutMs: 10_000,
  });
}

function bundleWith(ports: ReadonlyMap<number, number>): Promise<string> {
  const sockets = fileURLToPath(new URL("recorded-sockets.ts", import.meta.url));
  const plugin: Plugin = {
    name: "recorded-sockets",
    setup: ({ onResolve }) =>
      onResolve({ filter: /^cloudflare:sockets$/ }, ({ importer, path }) =>
        importer === sockets ? { path, external: true } : { path: sockets },
      ),
  };
  const define = { UPSTREAM_PORTS: JSON.stringify(Object.fromEntries(ports)) };
  return bundleEdge(undefined, { plugins: [plugin], define });
}

/** The request, one character a byte. */
function textOf(request: RecordedRequest): string {
  const { m, t, host, h = [], b, chunked, src = "127.0.0.1", v = "1.1" } = request;
  const body = Buffer.from(b ?? "").toString("latin1");
  const lines = [`${m} ${t} HTTP/${v}`];
  if (host !== undefined) lines.push(`Host: ${host}`);
  for (const [name, value] of h) lines.push(`${name}: ${value}`);
  lines.push(`${CLIENT_IP_HEADER}: ${src}`, "Connection: close");
  if (chunked) lines.push("Transfer-Encoding: chunked");
  else if (b !== undefined) lines.push(`Content-Length: ${body.length}`);
  const chunk = body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`;
  return `${lines.join("\r\n")}\r\n\r\n${chunked ? `${chunk}0\r\n\r\n` : body}`;
}
