import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

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
