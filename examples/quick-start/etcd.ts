import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { Etcd3, type IOptions } from "etcd3";
import { startEmbeddedEtcd } from "./embedded-etcd/embedded-etcd.ts";
import { freePort } from "./ports.ts";

/** The etcd of `npm start`: the one given, else the one on the PATH, else the embedded one. */
export interface RunningEtcd {
  readonly endpoint: string;
  /** For the person at the terminal. */
  readonly what: string;
  /** The process, where it is one of ours. */
  readonly process: ChildProcess | undefined;
  stop(): Promise<void>;
}

export interface EtcdChoice {
  /** `ETCD_ENDPOINTS`, where the user has an etcd of their own. */
  readonly endpoints: string | undefined;
  readonly port: number;
  /** Where etcd keeps its files. */
  readonly folder: string;
  /** Take the embedded etcd even where there is a real one on the PATH. */
  readonly embedded: boolean;
}

export async function startEtcd(choice: EtcdChoice): Promise<RunningEtcd> {
  if (choice.endpoints) {
    return {
      endpoint: choice.endpoints,
      what: "yours (ETCD_ENDPOINTS)",
      process: undefined,
      stop: async () => {},
    };
  }
  return isOnPath("etcd") && !choice.embedded ? startReal(choice) : startEmbedded(choice);
}

export function isOnPath(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).error === undefined;
}

async function startEmbedded(choice: EtcdChoice): Promise<RunningEtcd> {
  const etcd = await startEmbeddedEtcd({ port: choice.port });
  return {
    endpoint: etcd.endpoint,
    what: "embedded: in memory, one process, for development only; gone when this ends",
    process: undefined,
    stop: () => etcd.close(),
  };
}

async function startReal(choice: EtcdChoice): Promise<RunningEtcd> {
  const client = `http://127.0.0.1:${choice.port || (await freePort())}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const args = [
    ["--name", "quick-start"],
    ["--data-dir", join(choice.folder, "etcd")],
    ["--listen-client-urls", client],
    ["--advertise-client-urls", client],
    ["--listen-peer-urls", peer],
    ["--initial-advertise-peer-urls", peer],
    ["--initial-cluster", `quick-start=${peer}`],
    ["--logger", "zap"],
    ["--log-level", "error"],
  ].flat();
  // A group of its own, so that Ctrl-C reaches it only through us, after the exporter has stopped.
  const process = spawn("etcd", args, { stdio: ["ignore", "ignore", "inherit"], detached: true });
  await answers(client, process);
  return {
    endpoint: client,
    what: "the etcd on the PATH",
    process,
    stop: () => stopProcess(process),
  };
}

/** Writes `values` one by one, as the Admin API does. */
export async function writeToEtcd(
  endpoints: string,
  values: ReadonlyMap<string, string>,
  options: Omit<IOptions, "hosts"> = {},
): Promise<void> {
  const client = new Etcd3({ ...options, hosts: endpoints.split(",") });
  try {
    for (const [key, value] of values) await client.put(key).value(value);
  } finally {
    client.close();
  }
}

/** SIGTERM, and SIGKILL to what is still there after 5 s. */
export async function stopProcess(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const ended = new Promise((resolve) => process.once("exit", resolve));
  process.kill("SIGTERM");
  const timer = setTimeout(() => process.kill("SIGKILL"), 5000);
  await ended;
  clearTimeout(timer);
}

async function answers(endpoint: string, process: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (process.exitCode !== null) throw new Error(`etcd ended with code ${process.exitCode}`);
    const healthy = await fetch(`${endpoint}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`etcd does not answer on ${endpoint} after 15 s`);
}
