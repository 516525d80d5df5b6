import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { KeyValueService } from "./kv.ts";
import type { Leases } from "./leases.ts";
import type { Header } from "./messages.ts";
import { EtcdFault, type EtcdStore } from "./store.ts";
import { serveWatches, type WatchStream } from "./watches.ts";

export interface ServerDeps {
  readonly store: EtcdStore;
  readonly leases: Leases;
  readonly header: () => Header;
  /** `http://127.0.0.1:port`, once it is known. */
  readonly endpoint: () => string;
}

const CODES: Readonly<Record<EtcdFault["code"], grpc.status>> = {
  "invalid-argument": grpc.status.INVALID_ARGUMENT,
  "out-of-range": grpc.status.OUT_OF_RANGE,
  "not-found": grpc.status.NOT_FOUND,
  "failed-precondition": grpc.status.FAILED_PRECONDITION,
};

/** The version that clients are told: the API of etcd 3.4 is what this speaks. */
const VERSION = "3.4.0-embedded";

export function createServer(deps: ServerDeps): grpc.Server {
  const { store, leases, header } = deps;
  const services = loadServices();
  const kv = new KeyValueService(store, leases, header);
  const server = new grpc.Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  server.addService(services.KV, {
    Range: unary((request) => kv.range(request)),
    Put: unary((request) => kv.put(request)),
    DeleteRange: unary((request) => kv.deleteRange(request)),
    Txn: unary((request) => kv.txn(request)),
    Compact: unary((request) => kv.compact(request)),
  });
  server.addService(services.Watch, {
    Watch: (stream: WatchStream) => void serveWatches(stream, store, header),
  });
  server.addService(services.Lease, leaseService(leases, header));
  server.addService(services.Maintenance, {
    Status: unary(() => ({
      header: header(),
      version: VERSION,
      dbSize: 0,
      leader: header().member_id,
      raftIndex: header().revision,
      raftTerm: header().raft_term,
    })),
  });
  server.addService(services.Cluster, {
    MemberList: unary(() => ({ header: header(), members: [member(deps)] })),
  });
  return server;
}

function leaseService(leases: Leases, header: () => Header): grpc.UntypedServiceImplementation {
  return {
    LeaseGrant: unary((request: { TTL: string; ID: string }) => {
      const { id, ttl } = leases.grant(Number(request.TTL), request.ID);
      return { header: header(), ID: id, TTL: ttl };
    }),
    LeaseRevoke: unary((request: { ID: string }) => {
      leases.revoke(request.ID);
      return { header: header() };
    }),
    LeaseKeepAlive: (stream: grpc.ServerDuplexStream<{ ID: string }, object>) => {
      stream.on("data", ({ ID }) => {
        stream.write({ header: header(), ID, TTL: leases.keepAlive(ID) });
      });
      stream.on("end", () => stream.end());
      stream.on("error", () => undefined); // The client went away.
    },
    LeaseTimeToLive: unary((request: { ID: string; keys: boolean }) => {
      const { ttl, granted, keys } = leases.timeToLive(request.ID);
      const listed = request.keys ? keys.map((key) => Buffer.from(key, "latin1")) : [];
      return { header: header(), ID: request.ID, TTL: ttl, grantedTTL: granted, keys: listed };
    }),
    LeaseLeases: unary(() => ({
      header: header(),
      leases: leases.ids().map((id) => ({ ID: id })),
    })),
  };
}

function member({ header, endpoint }: ServerDeps) {
  const url = endpoint();
  return { ID: header().member_id, name: "embedded", peerURLs: [url], clientURLs: [url] };
}

function unary<Request>(
  answer: (request: Request) => object,
): grpc.handleUnaryCall<Request, object> {
  return (call, callback) => {
    try {
      callback(null, answer(call.request));
    } catch (error) {
      if (error instanceof EtcdFault) {
        callback({ code: CODES[error.code], details: error.message });
        return;
      }
      const details = error instanceof Error ? `${error.stack}` : String(error);
      callback({ code: grpc.status.INTERNAL, details });
    }
  };
}

type ServiceName = "KV" | "Watch" | "Lease" | "Maintenance" | "Cluster";

/** The services of the proto file that the `etcd3` package brings. */
function loadServices(): Record<ServiceName, grpc.ServiceDefinition> {
  const etcd3 = createRequire(import.meta.url).resolve("etcd3");
  const file = join(dirname(etcd3), "..", "proto", "rpc.proto");
  const definition = loadSync(file, {
    keepCase: true,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const service = (name: ServiceName) =>
    definition[`etcdserverpb.${name}`] as grpc.ServiceDefinition;
  return {
    KV: service("KV"),
    Watch: service("Watch"),
    Lease: service("Lease"),
    Maintenance: service("Maintenance"),
    Cluster: service("Cluster"),
  };
}
