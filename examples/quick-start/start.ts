import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { EDGE_SETTINGS } from "../../edge/settings.ts";
import { demoConfiguration, UPSTREAM_NAMES, UPSTREAM_WEIGHTS } from "./demo.ts";
import { type RunningEdge, startEdge } from "./edge.ts";
import { isOnPath, type RunningEtcd, startEtcd, writeToEtcd } from "./etcd.ts";
import { type RunningExporter, startExporter } from "./exporter.ts";
import { type Flags, parseFlags, USAGE } from "./flags.ts";
import { freePort, portsInUse } from "./ports.ts";
import { startUpstreams } from "./upstreams.ts";

/** `npm start`: the whole of Snapgate on one machine, until Ctrl-C. */

const PREFIX = process.env.ETCD_PREFIX ?? "/apisix";
/** How long the demo route may take until it answers through the gateway. */
const FIRST_ANSWER_MS = 60_000;

const EDGE_DEFAULTS = {
  SNAPGATE_NAMESPACE: "default",
  REFRESH_INTERVAL_MS: "1000",
  // A person tries one request at a time: it waits for the look rather than see what was.
  STALE_AFTER_MS: "1000",
  STATUS_TOKEN: "dev",
};

const stops: (() => Promise<void>)[] = [];
let stopping = false;

const flags = parseFlags(process.argv.slice(2));
if (flags === "help") {
  console.log(USAGE);
} else if ("wrong" in flags) {
  console.error(`${flags.wrong}\n\n${USAGE}`);
  process.exit(2);
} else {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => void stopAll(0));
  }
  try {
    await start(flags);
  } catch (error) {
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    await stopAll(1);
  }
}

async function start(flags: Flags): Promise<void> {
  await checkPorts(flags);
  const folder = stateFolder(flags);
  const etcd = await startEtcd({
    endpoints: process.env.ETCD_ENDPOINTS,
    port: flags.ports.etcd,
    folder,
    embedded: flags.embeddedEtcd,
  });
  stops.push(() => etcd.stop());
  etcd.process?.once("exit", (code) => ended("etcd", code));
  if (flags.demo) await startDemo(flags, etcd);
  const edge = await startEdge({
    port: flags.ports.gateway,
    storePort: flags.ports.store,
    bindings: { ...EDGE_DEFAULTS, LISTEN_PORT: String(flags.ports.gateway), ...edgeOverrides() },
    persistTo: join(folder, "r2"),
  });
  stops.push(() => edge.stop());
  const statusPort = flags.ports.status || (await freePort());
  // A page in the browser can reach a port of this machine: no key that it could know.
  const key = process.env.ADMIN_KEY || randomBytes(12).toString("hex");
  const admin = { port: flags.ports.admin || (await freePort()), key };
  const exporter = startExporter(exporterSettings(flags, etcd, edge), statusPort, admin);
  stops.push(() => exporter.stop());
  exporter.process.once("exit", (code) => ended("the exporter", code));
  if (exporter.admin) await answers(exporter.admin.url, { method: "HEAD" });
  if (flags.demo) await answers(`${edge.url}/hello`);
  report(flags, etcd, edge, exporter);
}

/** The edge's settings of docs/configuration.md, where the environment has them. */
function edgeOverrides(): Record<string, string> {
  const names = EDGE_SETTINGS.map(({ name }) => name)
    .filter((name) => !name.includes("S3_"))
    // The exporter has one of that name; and no cron trigger fires here.
    .filter((name) => name !== "HEALTH_CHECKS");
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

async function checkPorts(flags: Flags): Promise<void> {
  const { gateway, status, admin, etcd, store, upstreams } = flags.ports;
  const wanted = new Map([
    ["--gateway-port", { port: gateway, what: "the gateway" }],
    ["--status-port", { port: status, what: "the exporter's status" }],
    ["--admin-port", { port: admin, what: "the Admin API" }],
    ["--store-port", { port: store, what: "the object store" }],
  ]);
  if (!process.env.ETCD_ENDPOINTS) wanted.set("--etcd-port", { port: etcd, what: "etcd" });
  if (flags.demo && upstreams !== 0) {
    for (const i of UPSTREAM_NAMES.keys()) {
      const what = `demo upstream ${UPSTREAM_NAMES[i]}`;
      wanted.set(i === 0 ? "--upstream-port" : `--upstream-port (+${i})`, {
        port: upstreams + i,
        what,
      });
    }
  }
  const problems = await portsInUse(wanted);
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

function stateFolder(flags: Flags): string {
  if (flags.store !== undefined) {
    const folder = resolve(flags.store);
    mkdirSync(folder, { recursive: true });
    return folder;
  }
  const folder = mkdtempSync(join(tmpdir(), "snapgate-"));
  stops.push(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function startDemo(flags: Flags, etcd: RunningEtcd): Promise<void> {
  const upstreams = await startUpstreams(UPSTREAM_NAMES, flags.ports.upstreams);
  stops.push(() => upstreams.stop());
  await writeToEtcd(etcd.endpoint, demoConfiguration(PREFIX, upstreams.ports));
}

function exporterSettings(
  flags: Flags,
  etcd: RunningEtcd,
  edge: RunningEdge,
): Record<string, string> {
  return {
    ETCD_ENDPOINTS: etcd.endpoint,
    ETCD_PREFIX: PREFIX,
    ROUTER: flags.router,
    STORE: "s3",
    S3_ENDPOINT: edge.store.endpoint,
    S3_BUCKET: edge.store.bucket,
    S3_ACCESS_KEY_ID: edge.store.accessKeyId,
    S3_SECRET_ACCESS_KEY: edge.store.secretAccessKey,
    S3_PATH_STYLE: "true",
    LOG_LEVEL: process.env.LOG_LEVEL ?? "warn",
  };
}

async function answers(url: string, init?: RequestInit): Promise<void> {
  const deadline = Date.now() + FIRST_ANSWER_MS;
  while (Date.now() < deadline) {
    const response = await fetch(url, init).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(
    `${url} did not answer 200 within ${FIRST_ANSWER_MS / 1000} s; see the log above`,
  );
}

function report(
  flags: Flags,
  etcd: RunningEtcd,
  edge: RunningEdge,
  exporter: RunningExporter,
): void {
  const etcdctl = `${isOnPath("etcdctl") ? "etcdctl" : "npm run -s etcdctl --"} --endpoints=${etcd.endpoint}`;
  const put = (key: string, value: object) =>
    `${etcdctl} put ${PREFIX}/${key} '${JSON.stringify(value)}'`;
  const route = { uri: "/try", upstream_id: "demo" };
  const lines = [
    "",
    "Snapgate runs:",
    `  gateway    ${edge.url}   (the edge worker on workerd)`,
    `  exporter   ${exporter.url}/status`,
    `  admin      ${exporter.admin?.url}   (APISIX's Admin API)`,
    `  etcd       ${etcd.endpoint}   (${etcd.what}; keys under ${PREFIX})`,
    `  store      ${edge.store.endpoint}   (local R2, bucket ${edge.store.bucket})`,
    `  router     ${flags.router}`,
    "",
  ];
  if (flags.demo) {
    const weights = UPSTREAM_NAMES.map((name, i) => `${name} ${UPSTREAM_WEIGHTS[i]}`).join(", ");
    lines.push(
      "Try:",
      `  for i in 1 2 3 4 5 6; do curl -s ${edge.url}/hello; done     # by weight: ${weights}`,
      `  ${put("routes/try", route)}`,
      `  curl -i ${edge.url}/try                      # answers within 3 s; after`,
      `  ${etcdctl} del ${PREFIX}/routes/try   # it is APISIX's 404`,
    );
  } else {
    const upstream = { nodes: { "127.0.0.1:8000": 1 } };
    lines.push("Try:", `  ${put("routes/try", { uri: "/*", upstream })}`);
  }
  if (exporter.admin) {
    const { url, key } = exporter.admin;
    const value = JSON.stringify({ uri: "/admin", upstream: { nodes: { "127.0.0.1:8000": 1 } } });
    const body = flags.demo ? JSON.stringify({ uri: "/admin", upstream_id: "demo" }) : value;
    // A key of the user's own is nothing to show.
    const shown = process.env.ADMIN_KEY ? '"X-API-KEY: $ADMIN_KEY"' : `'X-API-KEY: ${key}'`;
    lines.push(`  curl -s ${url}/routes/admin -H ${shown} -X PUT -d '${body}'`);
  }
  lines.push(
    `  curl -s ${exporter.url}/status               # generation, lag, rejections`,
    `  curl -s -H 'Authorization: Bearer dev' ${edge.url}/snapgate/status`,
    "",
    "Ctrl-C ends everything.",
  );
  console.log(lines.join("\n"));
}

/** A child that ends by itself: the rest goes on, since that is what Snapgate promises. */
function ended(what: string, code: number | null): void {
  if (!stopping)
    console.error(`${what} ended (code ${code ?? "none, by a signal"}); the rest goes on`);
}

async function stopAll(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  for (const stop of stops.reverse()) {
    try {
      await stop();
    } catch (error) {
      console.error(`while stopping: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  process.exit(code);
}
