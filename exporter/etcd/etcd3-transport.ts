import type { CallOptions } from "@grpc/grpc-js";
import type { Etcd3 } from "etcd3";
import { type CallerDeps, createCaller, type EtcdOptions } from "./etcd3-caller.ts";
import * as messages from "./etcd3-messages.ts";
import { EtcdError, type EtcdTransport, type Lease } from "./transport.ts";

export type { EtcdOptions, EtcdTls } from "./etcd3-caller.ts";

/**
 * etcd through npm's `etcd3`, of which only the raw calls are used: its watcher loses events, its login
 * stampedes and its election can have two winners, so those are ours.
 */
export function createEtcd3Transport(options: EtcdOptions, deps: CallerDeps): EtcdTransport {
  const { call, openWatch, close } = createCaller(options, deps);
  return {
    range: (request) =>
      call("range", async ({ kv }, callOptions) => {
        const { revision = 0, limit = 0, keysOnly = false } = request;
        const fields = { ...messages.rangeFields(request), revision, limit, keys_only: keysOnly };
        return messages.rangeAnswer(await kv.range(fields, callOptions));
      }),

    txn: (request) =>
      call("txn", async ({ kv }, callOptions) => {
        const { header, succeeded, responses } = await kv.txn(
          messages.txnFields(request),
          callOptions,
        );
        const answers = responses.map(messages.operationAnswer);
        return { header: messages.header(header), succeeded, answers };
      }),

    watch: openWatch,

    leaseGrant: (ttlSeconds) =>
      call("lease grant", async ({ leaseClient }, callOptions) => {
        const lease = await leaseClient.leaseGrant({ TTL: ttlSeconds }, callOptions);
        return { leaseId: lease.ID, ttlSeconds: Number(lease.TTL) };
      }),

    leaseKeepAlive: (leaseId) =>
      call("lease keep-alive", ({ leaseClient }, callOptions) =>
        keepAliveOnce(leaseClient, leaseId, callOptions),
      ),

    leaseRevoke: (leaseId) =>
      call("lease revoke", async ({ leaseClient }, callOptions) => {
        await leaseClient.leaseRevoke({ ID: leaseId }, callOptions);
      }),

    close,
  };
}

/** A stream for one question: a keep-alive that is late is asked anew, not waited for. */
async function keepAliveOnce(
  client: Etcd3["leaseClient"],
  leaseId: string,
  options: CallOptions,
): Promise<Lease> {
  const stream = await client.leaseKeepAlive(options);
  const ttlSeconds = await new Promise<number>((resolve, reject) => {
    stream.on("data", (answer) => resolve(Number(answer.TTL)));
    stream.on("error", reject);
    stream.on("end", () => reject(new Error("the stream ended without an answer")));
    stream.write({ ID: leaseId });
  });
  stream.end();
  if (ttlSeconds <= 0) throw new EtcdError("not-found", `lease ${leaseId} has expired`);
  return { leaseId, ttlSeconds };
}
