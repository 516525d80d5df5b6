import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Etcd3 } from "etcd3";
import { freePort } from "../../examples/quick-start/ports.ts";
import { makeTable, ROUTERS, resourceOf } from "../routing/route-table.ts";
import { writeKeys } from "../support/etcd-keys.ts";
import { median, quantile } from "../support/figures.ts";
import { cpuSeconds, memoryMb, peakMemoryMb, stopChild } from "../support/processes.ts";
import { CHANGE_KINDS, singleChanges } from "./single-changes.ts";

const SNAPGATE = fileURLToPath(new URL("../../exporter/cli/snapgate.ts", import.meta.url));
const KIND = "tenants";
const SEED = 20261125;
const WARM_UP_EACH = 20;

/** What the real program, watching a real etcd, took to publish single changes to a directory. */
export interface RealPublishes {
  readonly changes: number;
  /** From the begin of a put into etcd to the moved pointer. */
  readonly ms: { readonly median: number; readonly p99: number };
  readonly bytes: { readonly median: number; readonly worst: number };
  readonly objects: { readonly median: number; readonly worst: number };
  /** Of the whole process, whatever else it does meanwhile. */
  readonly meanCpuMs: number;
  /** Resident after the last change; and the most since the start. */
  readonly memoryMb: number;
  readonly peakMb: number;
}

export async function measureProcess(
  endpoint: string,
  folder: string,
  size: number,
  each: number,
): Promise<RealPublishes> {
  const prefix = `/apisix-${size}`;
  const changes = await fillEtcd(endpoint, prefix, size, each);
  const store = join(folder, `published-${size}`);
  const exporter = await startExporter(endpoint, prefix, store);
  const client = new Etcd3({ hosts: endpoint });
  try {
    await exporter.published();
    const found: (PublishedLine & { readonly took: number })[] = [];
    const measured = changes.length - WARM_UP_EACH * CHANGE_KINDS.length;
    let cpu = 0;
    for (const [i, { id, resource }] of changes.entries()) {
      if (i === changes.length - measured) cpu = cpuSeconds(exporter.pid);
      const began = performance.now();
      const published = exporter.published();
      const key = `${prefix}/routes/${id}`;
      if (resource) await client.put(key).value(JSON.stringify(resource));
      else await client.delete().key(key);
      found.push({ ...(await published), took: performance.now() - began });
    }
    const cpuMs = (cpuSeconds(exporter.pid) - cpu) * 1000;
    return {
      ...summary(found.slice(-measured)),
      meanCpuMs: cpuMs / measured,
      memoryMb: memoryMb(exporter.pid),
      peakMb: peakMemoryMb(exporter.pid),
    };
  } finally {
    client.close();
    await exporter.stop();
    rmSync(store, { recursive: true, force: true });
  }
}

/** Returns the changes to make; the table itself is not to be held while others are measured. */
async function fillEtcd(endpoint: string, prefix: string, size: number, each: number) {
  const table = makeTable(KIND, size, SEED);
  const values = function* () {
    for (const [i, route] of table.entries()) {
      yield [`${prefix}/routes/${route.id}`, JSON.stringify(resourceOf(route, i))] as const;
    }
  };
  await writeKeys(endpoint, values());
  return singleChanges(table, WARM_UP_EACH + each, SEED);
}

/** The fields of the exporter's own log line. */
interface PublishedLine {
  readonly objects: number;
  readonly bytes: number;
}

async function startExporter(endpoint: string, prefix: string, store: string) {
  const settings = {
    ETCD_ENDPOINTS: endpoint,
    ETCD_PREFIX: prefix,
    ROUTER: ROUTERS[KIND],
    STORE: "directory",
    STORE_DIR: store,
    PUBLISH_INTERVAL_MS: "0",
    STATUS_LISTEN: `127.0.0.1:${await freePort()}`,
    LOG_FORMAT: "json",
  };
  const child: ChildProcess = spawn(process.execPath, [SNAPGATE, "export"], {
    env: { ...process.env, ...settings },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let settle = (_line: PublishedLine) => {};
  let fail = (_error: Error) => {};
  child.once("exit", (code) => fail(new Error(`snapgate export ended with code ${code}`)));
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", (text) => {
    if (text.includes('"msg":"published"')) settle(JSON.parse(text) as PublishedLine);
  });
  return {
    pid: child.pid as number,
    published: () =>
      new Promise<PublishedLine>((resolve, reject) => {
        settle = resolve;
        fail = reject;
      }),
    stop: () => stopChild(child),
  };
}

function summary(found: readonly (PublishedLine & { readonly took: number })[]) {
  const took = found.map((line) => line.took);
  const of = (values: readonly number[]) => ({
    median: median(values),
    worst: Math.max(...values),
  });
  return {
    changes: found.length,
    ms: { median: median(took), p99: quantile(took, 0.99) },
    bytes: of(found.map(({ bytes }) => bytes)),
    objects: of(found.map(({ objects }) => objects)),
  };
}
