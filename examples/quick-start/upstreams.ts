import { createServer, type Server } from "node:http";

/** Small HTTP servers that say who they are and what reached them. */
export interface Upstreams {
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

/** Starts one upstream for each name, on `firstPort` and up; 0 picks free ports. */
export async function startUpstreams(
  names: readonly string[],
  firstPort: number,
): Promise<Upstreams> {
  const servers = await Promise.all(
    names.map((name, i) => listen(name, firstPort === 0 ? 0 : firstPort + i)),
  );
  return {
    ports: servers.map(({ port }) => port),
    stop: async () => {
      for (const { server } of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

function listen(name: string, port: number): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const seen = {
        upstream: name,
        method: request.method,
        uri: request.url,
        headers: request.headers,
      };
      response.setHeader("content-type", "application/json");
      response.end(`${JSON.stringify(seen)}\n`);
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve({ server, port: typeof address === "object" && address ? address.port : port });
    });
  });
}
