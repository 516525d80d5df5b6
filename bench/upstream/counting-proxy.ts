import { connect, createServer, type Socket } from "node:net";

/** What came to a node that may be dead, told by who stands before it. */
export interface CountingProxy {
  readonly port: number;
  /** When requests other than health probes came, and whether the node was there; `performance.now`. */
  readonly attempts: readonly Attempt[];
  stop(): Promise<void>;
}

export interface Attempt {
  readonly at: number;
  readonly reached: boolean;
}

export const PROBE_PATH = "/health";

/**
 * Passes connections on to a node of this machine. Where the node is dead it ends them at once with a
 * reset, which its own host would do too, and so can still count what a dead node cannot.
 */
export async function startCountingProxy(nodePort: number): Promise<CountingProxy> {
  const attempts: Attempt[] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    open.add(client);
    client.once("close", () => open.delete(client));
    client.on("error", () => client.destroy());
    pass(client, nodePort, (attempt) => attempts.push(attempt));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return {
    port: address.port,
    attempts,
    stop: async () => {
      for (const client of open) client.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pass(client: Socket, nodePort: number, count: (attempt: Attempt) => void): void {
  const node = connect(nodePort, "127.0.0.1");
  let state: "connecting" | "reached" | "dead" = "connecting";
  const early: Buffer[] = [];
  const forward = (bytes: Buffer) => {
    if (!bytes.toString("latin1").startsWith(`GET ${PROBE_PATH}`)) {
      count({ at: performance.now(), reached: state === "reached" });
    }
    if (state === "reached") node.write(bytes);
    else client.resetAndDestroy();
  };
  client.on("data", (bytes) => {
    if (state === "connecting") early.push(bytes);
    else forward(bytes);
  });
  node.once("connect", () => {
    state = "reached";
    early.forEach(forward);
  });
  node.on("data", (bytes) => client.write(bytes));
  node.once("error", () => {
    if (state === "reached") client.resetAndDestroy();
    state = "dead";
    // A request that has not come yet is waited for, else it would not be counted.
    early.forEach(forward);
  });
  node.once("close", () => {
    if (state === "reached") client.destroy();
  });
  client.once("close", () => node.destroy());
}
