import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningEtcd, startEtcd } from "../../examples/quick-start/etcd.ts";
import { freePort } from "../../examples/quick-start/ports.ts";

const SNAPGATE = join(import.meta.dirname, "..", "..", "exporter", "cli", "snapgate.mjs");

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** `snapgate` as an operator types it, with no other environment than `settings`. */
export function runSnapgate(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  node = process.execPath,
): RunningCommand {
  const base = { PATH: process.env.PATH ?? "" };
  const child = spawn(node, [SNAPGATE, ...args], { env: { ...base, ...settings } });
  let [out, err] = ["", ""];
  child.stdout.on("data", (part) => {
    out += part;
  });
  child.stderr.on("data", (part) => {
    err += part;
  });
  const ended = new Promise<Ended>((resolve) =>
    child.once("close", (code) => resolve({ code, out, err })),
  );
  return { child, ended };
}

/** An etcd and a folder with a store, and the environment in which an operator works with both. */
export interface CliWorld {
  readonly folder: string;
  readonly etcd: RunningEtcd;
  readonly environment: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export async function startCliWorld(): Promise<CliWorld> {
  const folder = mkdtempSync(join(tmpdir(), "snapgate-cli-"));
  const port = await freePort();
  const etcd = await startEtcd({ endpoints: undefined, port, folder, embedded: true });
  const environment = {
    HOME: folder,
    ETCD_ENDPOINTS: etcd.endpoint,
    STORE: "directory",
    STORE_DIR: join(folder, "store"),
    LOG_LEVEL: "error",
  };
  const stop = async () => {
    await etcd.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, etcd, environment, stop };
}
