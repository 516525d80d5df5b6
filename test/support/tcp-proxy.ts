import { connect, createServer, type Socket } from "node:net";

/** A loopback TCP proxy in front of one server, with the ways in which networks fail. */
export interface TcpProxy {
  readonly port: number;
  /** Connections accepted so far. */
  accepted(): number;
  /** Ends every connection with a reset; new ones pass. */
  reset(): void;
  /** Ends every connection in good order; new ones pass. */
  cut(): void;
  /** Refuses new connections, and resets the old ones, until `mend`. */
  down(): void;
  /**
   * Swallows everything until `mend`, in both directions: old connections and new ones stay open and
   * silent. TCP accepts a new connection, but no handshake above it is ever answered.
   */
  blackHole(): void;
  /** Swallows what the server says until `mend`; what the client says still arrives. */
  halfOpen(): void;
  /**
   * Lets new connections pass; those that swallowed bytes are reset, as no real network ever forgets
   * bytes of a connection that lives on.
   */
  mend(): void;
  close(): Promise<void>;
}

type Mode = "pass" | "down" | "black hole" | "half open";

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const state: State = { mode: "pass", accepted: 0, pairs: new Set() };
  const listener = createServer((client) => forward(client, targetPort, state));
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", resolve);
  });
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  const end = (how: (socket: Socket) => void) => {
    for (const pair of [...state.pairs]) {
      state.pairs.delete(pair);
      how(pair.client);
      pair.server.destroy();
    }
  };
  const reset = () => end((socket) => socket.resetAndDestroy());
  return {
    port: address.port,
    accepted: () => state.accepted,
    reset,
    cut: () => end((socket) => socket.destroy()),
    down: () => {
      state.mode = "down";
      reset();
    },
    blackHole: () => {
      state.mode = "black hole";
    },
    halfOpen: () => {
      state.mode = "half open";
    },
    mend: () => {
      if (state.mode !== "pass") reset();
      state.mode = "pass";
    },
    close: async () => {
      state.mode = "down";
      reset();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

interface State {
  mode: Mode;
  accepted: number;
  readonly pairs: Set<Pair>;
}

function forward(client: Socket, targetPort: number, state: State): void {
  if (state.mode === "down") {
    client.resetAndDestroy();
    return;
  }
  state.accepted += 1;
  const server = connect(targetPort, "127.0.0.1");
  const pair = { client, server };
  state.pairs.add(pair);
  client.setNoDelay(true);
  server.setNoDelay(true);
  client.on("data", (bytes) => {
    if (state.mode === "pass" || state.mode === "half open") server.write(bytes);
  });
  server.on("data", (bytes) => {
    if (state.mode !== "pass") return;
    // Backpressure passes through, so that a slow reader is slow for the server too.
    if (!client.write(bytes)) {
      server.pause();
      client.once("drain", () => server.resume());
    }
  });
  const drop = () => {
    // The other side learns of an end only where the network would carry the news.
    if (state.mode === "black hole" || state.mode === "half open") return;
    state.pairs.delete(pair);
    client.destroy();
    server.destroy();
  };
  for (const socket of [client, server]) {
    socket.on("error", drop);
    socket.on("close", drop);
  }
}
