import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { stopProcess } from "./etcd.ts";

const SNAPGATE = fileURLToPath(new URL("../../exporter/cli/snapgate.ts", import.meta.url));

export interface RunningExporter {
  /** e.g. `http://127.0.0.1:9091`. */
  readonly url: string;
  /** Undefined: there is no Admin API. */
  readonly admin: RunningAdmin | undefined;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** The Admin API, e.g. at `http://127.0.0.1:9180/apisix/admin`. */
export interface RunningAdmin {
  readonly url: string;
  readonly key: string;
}

/** Runs `snapgate export` as a process of its own with `settings` as its environment. */
export function startExporter(
  settings: Readonly<Record<string, string>>,
  statusPort: number,
  admin?: { readonly port: number; readonly key: string },
): RunningExporter {
  const ofAdmin = admin && { ADMIN_LISTEN: `127.0.0.1:${admin.port}`, ADMIN_KEY: admin.key };
  const child = spawn(process.execPath, [SNAPGATE, "export"], {
    env: { ...process.env, STATUS_LISTEN: `127.0.0.1:${statusPort}`, ...ofAdmin, ...settings },
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  return {
    url: `http://127.0.0.1:${statusPort}`,
    admin: admin && { url: `http://127.0.0.1:${admin.port}/apisix/admin`, key: admin.key },
    process: child,
    stop: () => stopProcess(child),
  };
}
