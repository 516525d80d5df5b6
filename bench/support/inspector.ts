import { WebSocket } from "ws";

/** What V8 holds for an isolate, in bytes; `Runtime.getHeapUsage` of the inspector's protocol. */
export interface Heap {
  readonly usedSize: number;
  readonly totalSize: number;
  readonly embedderHeapUsedSize: number;
  readonly backingStorageSize: number;
}

export interface Inspector {
  heap(): Promise<Heap>;
  /** Has V8 collect all garbage: it does so for a heap snapshot, and workerd knows no other way. */
  collectGarbage(): Promise<void>;
  close(): void;
}

/** Of the worker of that name, at a port that workerd has its inspector on. */
export async function openInspector(port: number, worker: string): Promise<Inspector> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/core:user:${worker}`);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const waiting = new Map<number, (result: unknown) => void>();
  let last = 0;
  socket.on("message", (message) => {
    const { id, result } = JSON.parse(String(message));
    // Parts of a snapshot have no id.
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  const call = (method: string) =>
    new Promise((resolve) => {
      waiting.set(++last, resolve);
      socket.send(JSON.stringify({ id: last, method }));
    });
  return {
    heap: async () => (await call("Runtime.getHeapUsage")) as Heap,
    collectGarbage: async () => void (await call("HeapProfiler.takeHeapSnapshot")),
    close: () => socket.close(),
  };
}
