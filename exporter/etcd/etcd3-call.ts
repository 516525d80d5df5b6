import { InterceptingCall, type Interceptor } from "@grpc/grpc-js";
import type { CallStatus } from "./etcd3-errors.ts";

/** What one call sends along, and the status it ended with. */
export interface CallTrace {
  readonly interceptor: Interceptor;
  status(): CallStatus | undefined;
}

/**
 * Sends `headers` and keeps gRPC's status, which etcd3 throws away. It is synchronous: with an
 * interceptor that waits, a stream that starts while etcd3 closes its channels hangs for ever.
 */
export function traceCall(headers: Readonly<Record<string, string>>): CallTrace {
  let seen: CallStatus | undefined;
  const interceptor: Interceptor = (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, _listener, next) => {
        const sent = metadata.clone();
        for (const [name, value] of Object.entries(headers)) sent.set(name, value);
        next(sent, {
          onReceiveStatus: (status, pass) => {
            seen = status;
            pass({ ...status, details: hideFromEtcd3(status.details) });
          },
        });
      },
    });
  return { interceptor, status: () => seen };
}

/**
 * etcd3 repeats a call that ends with "etcdserver: invalid auth token" without limit, each time with a
 * login of its own. It looks for exactly that text; the token is our business.
 */
function hideFromEtcd3(details: string): string {
  return details.replaceAll("etcdserver: invalid auth token", "invalid auth token");
}
