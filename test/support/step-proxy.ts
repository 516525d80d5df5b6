import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

/**
 * A proxy before the object store that counts the writes passing through it and can be told to do
 * something at the n-th: the way to kill a publisher between any two steps of a publish without a hook in
 * the publisher.
 */
export interface StepProxy {
  /** The store's endpoint with this proxy's address in place of its own. */
  readonly endpoint: string;
  /** `PUT` requests seen since the last `arm`, by object name, in order. */
  readonly writes: readonly string[];
  /**
   * Calls `act` at write number `step` (from 1), before the store sees it or after the store has
   * answered; the publisher never gets that answer. Forgets the writes seen so far.
   */
  arm(step: number, moment: "before" | "after", act: () => Promise<void>): void;
  disarm(): void;
  stop(): Promise<void>;
}

export async function startStepProxy(endpoint: string): Promise<StepProxy> {
  const target = new URL(endpoint);
  let writes: string[] = [];
  let armed: { step: number; moment: "before" | "after"; act: () => Promise<void> } | undefined;

  const server = createServer((incoming, outgoing) => {
    const isWrite = incoming.method === "PUT";
    if (isWrite) writes.push(decodeURIComponent(incoming.url?.split("?")[0] ?? ""));
    const hit = isWrite && armed?.step === writes.length ? armed : undefined;
    if (hit?.moment === "before") {
      incoming.resume();
      void hit.act().then(() => outgoing.destroy());
      return;
    }
    forward(target, incoming, outgoing, hit ? () => hit.act() : undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}${target.pathname}`,
    get writes() {
      return writes;
    },
    arm: (step, moment, act) => {
      writes = [];
      armed = { step, moment, act };
    },
    disarm: () => {
      writes = [];
      armed = undefined;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(
  target: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  insteadOfAnswer: (() => Promise<void>) | undefined,
): void {
  const { method, url, headers } = incoming;
  // The Host header is signed and stays; the store checks the signature against it.
  const onward = request({ host: target.hostname, port: target.port, method, path: url, headers });
  onward.on("response", (answer) => {
    if (insteadOfAnswer) {
      answer.resume();
      answer.on("end", () => void insteadOfAnswer().then(() => outgoing.destroy()));
      return;
    }
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onward.on("error", () => outgoing.destroy());
  incoming.pipe(onward);
}
