import { randomInt } from "node:crypto";
import * as grpc from "@grpc/grpc-js";
import { Leases, type Timers } from "./leases.ts";
import { createServer } from "./server.ts";
import { EtcdStore } from "./store.ts";

/**
 * An etcd v3 in this process's memory, over gRPC, on loopback. For development and tests only: it is one
 * member without Raft, disk, users or TLS, and what it holds is gone when the process ends. The exporter,
 * `etcdctl` and etcd clients speak to it as to etcd 3.4; a contract suite holds both to the same answers.
 */
export interface EmbeddedEtcd {
  /** e.g. `http://127.0.0.1:2379`. */
  readonly endpoint: string;
  close(): Promise<void>;
}

export interface EmbeddedEtcdOptions {
  /** 0 picks a free one. */
  readonly port: number;
  readonly timers?: Timers;
}

const systemTimers: Timers = {
  now: () => Date.now(),
  after: (ms, action) => {
    const timer = setTimeout(action, ms);
    return () => clearTimeout(timer);
  },
};

export async function startEmbeddedEtcd(options: EmbeddedEtcdOptions): Promise<EmbeddedEtcd> {
  const store = new EtcdStore();
  const leases = new Leases(store, options.timers ?? systemTimers);
  // A new history each time, and clients can tell.
  const clusterId = String(randomInt(1, 2 ** 47));
  const header = () => ({
    cluster_id: clusterId,
    member_id: "1",
    revision: store.revision,
    raft_term: 1,
  });
  let endpoint = "";
  const server = createServer({ store, leases, header, endpoint: () => endpoint });
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync(`127.0.0.1:${options.port}`, credentials, (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    close: async () => {
      leases.close();
      server.forceShutdown();
    },
  };
}
