import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEtcd } from "../../examples/quick-start/etcd.ts";
import { freePort } from "../../examples/quick-start/ports.ts";
import { writeKeys } from "../support/etcd-keys.ts";
import { round, table } from "../support/figures.ts";
import { type FinishedProcess, runMeasured } from "../support/processes.ts";
import type { Report } from "../support/report.ts";

const SIZES = [1_000, 10_000, 100_000, 1_000_000] as const;
const SNAPGATE = fileURLToPath(new URL("../../exporter/cli/snapgate.ts", import.meta.url));
const READ_ALL = fileURLToPath(new URL("./read-all.ts", import.meta.url));

/**
 * `snapgate export --once` into an empty directory store, beside a program that only reads the same keys
 * by etcd3 and parses them: the floor for anything on Node that wants them in memory.
 */
export async function measureExporter(say: (line: string) => void): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "snapgate-bench-"));
  const port = await freePort();
  const etcd = await startEtcd({ endpoints: undefined, port, folder, embedded: false });
  const rows: (readonly (string | number)[])[] = [];
  const figures: Record<string, unknown> = {};
  let written = 0;
  try {
    for (const size of SIZES) {
      await writeKeys(etcd.endpoint, routes(written, size));
      written = size;
      const store = join(folder, `store-${size}`);
      const ours = await runMeasured(process.execPath, [SNAPGATE, "export", "--once"], {
        ETCD_ENDPOINTS: etcd.endpoint,
        STORE: "directory",
        STORE_DIR: store,
        LOG_LEVEL: "error",
      });
      if (ours.code !== 0) throw new Error(`snapgate export --once ended with code ${ours.code}`);
      const peer = await runMeasured(process.execPath, [READ_ALL, etcd.endpoint], {});
      rows.push(row(size, "snapgate export --once", ours), row(size, "read and parse only", peer));
      figures[String(size)] = { ours, peer, time_ratio: round(ours.seconds / peer.seconds) };
      say(`exporter, ${size} routes: ${round(ours.seconds)} s, ${round(ours.peakMb, 0)} MB`);
    }
  } finally {
    await etcd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const head = ["routes", "program", "seconds", "CPU s", "peak MB"];
  return { text: `Exporter, cold start\n\n${table(head, rows)}`, figures };
}

function row(size: number, program: string, used: FinishedProcess): readonly (string | number)[] {
  return [size, program, round(used.seconds), round(used.cpuSeconds), round(used.peakMb, 0)];
}

function* routes(from: number, to: number): Iterable<readonly [key: string, value: string]> {
  for (let i = from; i < to; i++) yield [`/apisix/routes/r${i}`, JSON.stringify(route(i))];
}

/** About 560 bytes, the size of a usual route. */
function route(i: number): object {
  return {
    id: `r${i}`,
    name: `service-${i % 97}-operation-${i}`,
    desc: "A route of the benchmark, with a description of the usual length for such things.",
    uri: `/api/v${i % 5}/service-${i % 97}/operation-${i}/*`,
    host: `tenant-${i % 1000}.example.com`,
    methods: ["GET", "POST", "PUT"],
    labels: { team: `team-${i % 31}`, environment: "production" },
    upstream: {
      type: "roundrobin",
      nodes: { [`10.0.${i % 250}.10:8080`]: 1, [`10.0.${i % 250}.11:8080`]: 1 },
      timeout: { connect: 3, send: 10, read: 10 },
      pass_host: "pass",
    },
  };
}
