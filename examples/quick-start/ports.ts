import { createServer } from "node:net";

/** The ports of `npm start`, each with the flag that moves it; 0 picks a free one. */
export interface Ports {
  readonly gateway: number;
  readonly store: number;
  readonly status: number;
  readonly admin: number;
  readonly etcd: number;
  /** The first of three in a row for the demo upstreams. */
  readonly upstreams: number;
}

/** The ports of `names` that something already listens on, as sentences with the remedy. */
export async function portsInUse(
  ports: ReadonlyMap<string, { readonly port: number; readonly what: string }>,
): Promise<string[]> {
  const problems: string[] = [];
  for (const [flag, { port, what }] of ports) {
    if (port === 0 || (await isFree(port))) continue;
    problems.push(`port ${port} (${what}) is in use; stop what listens there or pass ${flag} PORT`);
  }
  return problems;
}

/** A loopback port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
