import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** A closed-loop load that is started once and runs only while it is let. */
export interface PausedLoad {
  /** Lets it run for that time. */
  run(ms: number): Promise<void>;
  /** Ends it. The answers it has had, and those among them, or connections, that failed. */
  end(): Promise<{ readonly requests: number; readonly errors: number }>;
}

/**
 * `wrk`, stopped and continued by signals: turns of a tenth of a second, which `wrk` cannot run for, and in
 * which everything else on a shared machine is the same for all.
 */
export async function startPausedWrk(url: string, connections: number): Promise<PausedLoad> {
  const args = ["-t1", `-c${connections}`, "-d100000s", "--timeout", "1000s", url];
  const child = spawn("wrk", args, { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => {
    text += part;
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  // Until it has set up its handler of the signal that ends it.
  await sleep(100);
  child.kill("SIGSTOP");
  return {
    run: async (ms) => {
      child.kill("SIGCONT");
      await sleep(ms);
      child.kill("SIGSTOP");
    },
    end: async () => {
      child.kill("SIGCONT");
      // It misses a signal that its other thread gets.
      const again = setInterval(() => child.kill("SIGINT"), 50);
      await ended;
      clearInterval(again);
      if (!/requests in/.test(text)) throw new Error(`wrk ended without a report: ${text}`);
      const number = (pattern: RegExp) => Number(pattern.exec(text)?.[1] ?? 0);
      const failed = /Socket errors: connect (\d+), read (\d+), write (\d+)/.exec(text);
      const socketErrors = (failed ?? []).slice(1).reduce((sum, part) => sum + Number(part), 0);
      return {
        requests: number(/(\d+) requests in/),
        errors: number(/Non-2xx or 3xx responses: (\d+)/) + socketErrors,
      };
    },
  };
}
