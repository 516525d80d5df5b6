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
  let mode: Mode = "pass";
  let accepted = 0;
  const pairs = new Set<Pair>();

  const listener = createServer({ pauseOnConnect: false }, (client) => {
    if (mode === "down") {
      client.resetAndDestroy();
      return;
    }
    accepted += 1;
    const server = connect(targetPort, "127.0.0.1");
    const pair = { client, server };
    pairs.add(pair);
    client.setNoDelay(true);
    server.setNoDelay(true);
    const drop = () => {
      // The other side learns of an end only where the network would carry the news.
      if (mode === "black hole" || mode === "half open") return;
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    client.on("data", (bytes) => {
      if (mode === "pass" || mode === "half open") server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (mode !== "pass") return;
      // Backpressure passes through, so that a slow reader is slow for the server too.
      if (!client.write(bytes)) {
        server.pause();
        client.once("drain", () => server.resume());
      }
    });
    for (const socket of [client, server]) {
      socket.on("error", drop);
      socket.on("close", drop);
    }
  });
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", resolve);
  });
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");

  const end = (how: (socket: Socket) => void) => {
    for (const pair of [...pairs]) {
      pairs.delete(pair);
      how(pair.client);
      pair.server.destroy();
    }
  };
  return {
    port: address.port,
    accepted: () => accepted,
    reset: () => end((socket) => socket.resetAndDestroy()),
    cut: () => end((socket) => socket.destroy()),
    down: () => {
      mode = "down";
      end((socket) => socket.resetAndDestroy());
    },
    blackHole: () => {
      mode = "black hole";
    },
    halfOpen: () => {
      mode = "half open";
    },
    mend: () => {
      if (mode !== "pass" && mode !== "down") end((socket) => socket.resetAndDestroy());
      mode = "pass";
    },
    close: async () => {
      mode = "down";
      end((socket) => socket.destroy());
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
