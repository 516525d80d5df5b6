import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What a process holds, from Linux's /proc. */
export interface ProcessUsage {
  readonly sockets: number;
  readonly rssBytes: number;
}

/** Elsewhere there is no /proc, and tests that measure are skipped by name. */
export const canMeasure = process.platform === "linux";

/** The workerd processes that this process has started, newest last. */
export function workerdPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && isOwnWorkerd(name))
    .map(Number)
    .sort((a, b) => a - b);
}

export function usageOf(pid: number): ProcessUsage {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return {
    sockets: readdirSync(`/proc/${pid}/fd`).filter((fd) => isSocket(pid, fd)).length,
    rssBytes: Number(kilobytes) * 1024,
  };
}

function isOwnWorkerd(pid: string): boolean {
  try {
    // After the name in parentheses: state, then the parent.
    const [, name, parent] =
      /\((.*)\) \S (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return name === "workerd" && Number(parent) === process.pid;
  } catch {
    return false; // It has ended.
  }
}

function isSocket(pid: number, fd: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith("socket:");
  } catch {
    return false; // It has been closed.
  }
}
