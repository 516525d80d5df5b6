import { type ChildProcess, fork } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { startWorker } from "../../examples/quick-start/workerd.ts";
import { childrenNamed, stopChild } from "./processes.ts";

/**
 * A module that is asked from outside, in a Node process of its own or in a worker of its own on workerd:
 * the same code in both. It exports `open`, which gets what another module exports, and returns the
 * function that answers.
 */
export type Runtime = "node" | "workerd";

export interface Actor<Call> {
  /** Throws `Unable` where the module throws, or has not answered within `limitMs`. */
  ask<T>(call: Call, limitMs: number, bytes?: Uint8Array<ArrayBuffer>): Promise<T>;
  /** CPU time of its process and all threads so far; what other processes do does not show. */
  cpuNanoseconds(): number;
  stop(): Promise<void>;
}

/** The module cannot do what it was asked; the message says why. */
export class Unable extends Error {
  override readonly name = "Unable";
}

/** Both are URLs of modules. */
export function startActor<Call>(
  runtime: Runtime,
  module: URL,
  part: URL = module,
): Promise<Actor<Call>> {
  return runtime === "node" ? startOnNode(module, part) : startInWorkerd(module, part);
}

export interface ActorAnswer {
  readonly result?: unknown;
  readonly error?: string;
}

const HEAP_MB = 6 * 1024;
const NOTHING = new Uint8Array();

async function startOnNode<Call>(module: URL, part: URL): Promise<Actor<Call>> {
  const file = fileURLToPath(new URL("./actor-on-node.ts", import.meta.url));
  const child = fork(file, [module.href, part.href], {
    execArgv: [`--max-old-space-size=${HEAP_MB}`, "--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
  });
  await within(60_000, nextAnswer(child));
  return {
    ask: (call, limitMs, bytes = NOTHING) => {
      child.send({ call, bytes });
      return within(limitMs, nextAnswer(child));
    },
    cpuNanoseconds: () => cpuNanoseconds(child.pid as number),
    stop: async () => {
      child.kill("SIGKILL");
      await stopChild(child);
    },
  };
}

function nextAnswer(child: ChildProcess): Promise<ActorAnswer> {
  return new Promise((resolve) => {
    const ended = () => resolve({ error: "its process ended, as it does when memory runs out" });
    child.once("exit", ended);
    child.once("message", (answer: ActorAnswer) => {
      child.off("exit", ended);
      resolve(answer);
    });
  });
}

async function startInWorkerd<Call>(module: URL, part: URL): Promise<Actor<Call>> {
  const script = await bundleActor(module, part);
  const before = new Set(childrenNamed("workerd"));
  const worker = await startWorker({ name: "actor", script, port: 0 });
  const pid = childrenNamed("workerd").find((other) => !before.has(other)) as number;
  return {
    ask: (call, limitMs, bytes = NOTHING) => {
      const headers = { "x-call": JSON.stringify(call) };
      const answer = fetch(worker.url, { method: "POST", headers, body: bytes }).then(
        (response) => response.json() as Promise<ActorAnswer>,
        (error: Error) => ({ error: `the worker did not answer: ${error.message}` }),
      );
      return within(limitMs, answer);
    },
    cpuNanoseconds: () => cpuNanoseconds(pid),
    stop: worker.stop,
  };
}

async function bundleActor(module: URL, part: URL): Promise<string> {
  const result = await build({
    stdin: {
      contents:
        `import { open } from ${JSON.stringify(fileURLToPath(module))};` +
        `import * as part from ${JSON.stringify(fileURLToPath(part))};` +
        'import { workerActor } from "./actor-in-workerd.ts"; export default workerActor(open(part));',
      resolveDir: fileURLToPath(new URL(".", import.meta.url)),
      loader: "ts",
    },
    // Modules of the older kind ask for Node's by `require`.
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire("/");',
    },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*", "assert", "querystring"],
  });
  const [file] = result.outputFiles;
  if (!file) throw new Error(`esbuild wrote no bundle of ${module.href}`);
  return file.text;
}

async function within<T>(limitMs: number, answer: Promise<ActorAnswer>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ActorAnswer>((resolve) => {
    timer = setTimeout(resolve, limitMs, { error: `no answer within ${limitMs / 1000} s` });
  });
  const { result, error } = await Promise.race([answer, late]);
  clearTimeout(timer);
  if (error !== undefined) throw new Unable(error);
  return result as T;
}

function cpuNanoseconds(pid: number): number {
  let sum = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread ended between the listing and the read.
    }
  }
  return sum;
}
