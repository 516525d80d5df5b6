import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { stopProcess } from "./etcd.ts";

const SNAPGATE = fileURLToPath(new URL("../../exporter/cli/snapgate.ts", import.meta.url));

export interface RunningExporter {
  /** e.g. `http://127.0.0.1:9091`. */
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Runs `snapgate export` as a process of its own with `settings` as its environment. */
export function startExporter(
  settings: Readonly<Record<string, string>>,
  statusPort: number,
): RunningExporter {
  const child = spawn(process.execPath, [SNAPGATE, "export"], {
    env: { ...process.env, STATUS_LISTEN: `127.0.0.1:${statusPort}`, ...settings },
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  return { url: `http://127.0.0.1:${statusPort}`, process: child, stop: () => stopProcess(child) };
}
