import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** What Linux's /proc says of processes. CPU in seconds, memory in MB. */

const TICKS_PER_SECOND = 100;

export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** All threads of it, as the scheduler counts: exact, where `cpuSeconds` counts ticks of 10 ms. */
export function cpuNanoseconds(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"))
    .reduce((sum, text) => sum + Number(text.split(" ")[0]), 0);
}

/** How long its threads were ready to run while others had the CPU: on a busy machine most of a latency. */
export function cpuWaitSeconds(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8"))
    .reduce((sum, text) => sum + Number(text.split(" ")[1]) / 1e9, 0);
}

/** The most memory that the process ever held. */
export function peakMemoryMb(pid: number): number {
  return statusMb(pid, /VmHWM:\s+(\d+) kB/);
}

/** What it holds now. */
export function memoryMb(pid: number): number {
  return statusMb(pid, /VmRSS:\s+(\d+) kB/);
}

function statusMb(pid: number, line: RegExp): number {
  const found = line.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return found ? Number(found[1]) / 1024 : 0;
}

/** The children of this process whose command is `name`, youngest last. */
export function childrenNamed(name: string): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
        const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
        return parent === process.pid && stat.includes(`(${name})`);
      } catch {
        return false; // It ended between the listing and the read.
      }
    })
    .sort((a, b) => a - b);
}

export interface FinishedProcess {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly code: number | null;
}

/** Runs a command to its end and samples what it used. */
export async function runMeasured(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<FinishedProcess> {
  const started = performance.now();
  const child = spawn(command, [...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "inherit"],
  });
  let peakMb = 0;
  let cpu = 0;
  const sample = setInterval(() => {
    try {
      if (child.pid === undefined) return;
      peakMb = Math.max(peakMb, peakMemoryMb(child.pid));
      cpu = Math.max(cpu, cpuSeconds(child.pid));
    } catch {
      // It has just ended; the last sample stands.
    }
  }, 20);
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  clearInterval(sample);
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: cpu, peakMb, code };
}

export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

/** Ends with a sentence that tells how to get them when one of `commands` is not on the PATH. */
export function requireCommands(commands: Readonly<Record<string, string>>): void {
  const missing = Object.entries(commands).filter(
    ([command]) => spawnSync(command, ["--version"], { stdio: "ignore" }).error !== undefined,
  );
  if (missing.length === 0) return;
  const names = missing.map(([command]) => command).join(", ");
  const packages = missing.map(([, debian]) => debian).join(" ");
  throw new Error(`This benchmark needs ${names}: apt-get install ${packages}`);
}
