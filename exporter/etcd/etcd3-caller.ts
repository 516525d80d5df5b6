import { rootCertificates } from "node:tls";
import type { CallOptions } from "@grpc/grpc-js";
import { noop } from "cockatiel";
import { Etcd3, type IOptions } from "etcd3";
import type { Clock } from "../clock.ts";
import { traceCall } from "./etcd3-call.ts";
import { etcdError, isAuthDisabled } from "./etcd3-errors.ts";
import { rangeFields } from "./etcd3-messages.ts";
import { type RawWatch, type WatchStreamDeps, watchStream } from "./etcd3-watch-stream.ts";
import { noToken, singleFlightToken } from "./token.ts";
import { EtcdError, type WatchRequest, type WatchStream } from "./transport.ts";

/** How to reach etcd. PEM texts, not file names: reading files and the environment is for others. */
export interface EtcdOptions {
  /** `http://host:port` or `https://host:port`; all members of one cluster. */
  readonly endpoints: readonly string[];
  readonly user?: string;
  readonly password?: string;
  readonly tls?: EtcdTls;
  /** A call without an answer by then fails as `unavailable`. Default 5 s. */
  readonly callTimeoutMs?: number;
}

export interface EtcdTls {
  /** Who may vouch for etcd's certificate; without it, the authorities that Node.js trusts. */
  readonly ca?: string | Uint8Array;
  /** Our own certificate and key, for mutual TLS. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name in etcd's certificate, where it is not that of the endpoint. */
  readonly serverName?: string;
}

export interface CallerDeps {
  readonly clock: Clock;
  /** From 0 up to, not including, 1: spreads a fleet of exporters over the members. */
  readonly random: () => number;
}

/** Calls with the right token, to one member until that member fails; then to the next. */
export interface Caller {
  /** One attempt; once more with a new token where the one in use has become stale. */
  call<T>(name: string, run: Run<T>): Promise<T>;
  openWatch(request: WatchRequest): Promise<WatchStream>;
  close(): void;
}

type Run<T> = (client: Etcd3, options: CallOptions) => Promise<T>;

const CALL_TIMEOUT_MS = 5000;
const DENIED_LOGIN_EVERY_MS = 10_000;

/** Stands for the token where the server has auth switched off, so that it is not asked every time. */
const NO_TOKEN_NEEDED = "";

export function createCaller(options: EtcdOptions, deps: CallerDeps): Caller {
  const members = createMembers(options, deps.random);
  const timeoutMs = options.callTimeoutMs ?? CALL_TIMEOUT_MS;
  const deadline = () => deps.clock.now() + timeoutMs;
  const tokens =
    options.user === undefined
      ? noToken()
      : singleFlightToken(() => login(options, members, deadline()));

  let doubtAgainAt = 0;

  return {
    call: async (name, run) => {
      for (let isRetry = false; ; isRetry = true) {
        const token = await tokens.current();
        const client = members.current();
        const trace = traceCall(tokenHeader(token));
        try {
          return await run(client, { deadline: deadline(), interceptors: [trace.interceptor] });
        } catch (cause) {
          const error = etcdError(name, trace.status(), cause);
          note(error, client, token);
          if (error.kind !== "stale-token" || isRetry) throw error;
        }
      }
    },
    openWatch: async (request) => {
      const token = await tokens.current();
      const client = members.current();
      // Without `hasleader`, a member cut off from the others keeps its streams open and silent.
      const trace = traceCall({ ...tokenHeader(token), hasleader: "true" });
      const onFailure = (error: EtcdError) => note(error, client, token);
      const stream = await openStream(client, request, { clock: deps.clock, trace, onFailure });
      return {
        ...stream,
        cancel: (reason) => {
          if (reason === "silent") members.blame(client);
          return stream.cancel(reason);
        },
      };
    },
    close: members.close,
  };

  function note(error: EtcdError, client: Etcd3, token: string | undefined): void {
    if (error.kind === "unavailable") members.blame(client);
    if (error.kind === "stale-token") tokens.discard(token);
    // etcd before 3.4.22 and 3.5.6 calls a stale token "permission denied" as well.
    if (error.kind === "denied" && deps.clock.now() >= doubtAgainAt) {
      doubtAgainAt = deps.clock.now() + DENIED_LOGIN_EVERY_MS;
      tokens.discard(token);
    }
  }
}

async function openStream(
  client: Etcd3,
  request: WatchRequest,
  deps: WatchStreamDeps,
): Promise<WatchStream> {
  const { interceptor, status } = deps.trace;
  const raw = await client.watchClient
    .watch({ interceptors: [interceptor] })
    .catch((cause: unknown) => {
      throw etcdError("watch", status(), cause);
    });
  const stream = watchStream(raw as RawWatch, deps);
  const create = { start_revision: request.startRevision, progress_notify: true };
  raw.write({ create_request: { ...rangeFields(request), ...create } });
  return stream;
}

/** Asks for a token. Over etcd3's own channels: its login would open, and leak, others without TLS names. */
async function login(options: EtcdOptions, members: Members, deadline: number): Promise<string> {
  const client = members.current();
  const trace = traceCall({});
  try {
    const credentials = { name: options.user ?? "", password: options.password ?? "" };
    const callOptions = { deadline, interceptors: [trace.interceptor] };
    return (await client.auth.authenticate(credentials, callOptions)).token;
  } catch (cause) {
    if (isAuthDisabled(trace.status())) return NO_TOKEN_NEEDED;
    const error = etcdError("login", trace.status(), cause);
    if (error.kind === "unavailable") members.blame(client);
    // Never "stale-token": a caller would take it as a reason to log in again at once.
    throw error.kind === "stale-token" ? new EtcdError("unavailable", error.message) : error;
  }
}

function tokenHeader(token: string | undefined): Record<string, string> {
  return token ? { token } : {};
}

interface Members {
  current(): Etcd3;
  /** The member that failed is asked last, unless another call has moved on already. */
  blame(failed: Etcd3): void;
  close(): void;
}

function createMembers(options: EtcdOptions, random: () => number): Members {
  const clients = options.endpoints.map((endpoint) => openMember(endpoint, options));
  if (clients.length === 0) throw new EtcdError("refused", "no etcd endpoint is given");
  let at = Math.floor(random() * clients.length);
  const current = () => clients[at] as Etcd3;
  return {
    current,
    blame: (failed) => {
      if (current() === failed) at = (at + 1) % clients.length;
    },
    close: () => {
      for (const client of clients) client.close();
    },
  };
}

function openMember(endpoint: string, { tls }: EtcdOptions): Etcd3 {
  if (tls && !endpoint.startsWith("https:")) {
    throw new EtcdError("refused", `TLS is configured, but ${endpoint} does not begin with https:`);
  }
  const options: IOptions = {
    hosts: [endpoint],
    grpcOptions: {
      // One delete of many keys, or a thousand revisions of a catch-up, come as one message.
      "grpc.max_receive_message_length": -1,
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 5000,
      "grpc.keepalive_permit_without_calls": 1,
      // Else a connection stuck before its handshake is handed out again and again.
      "grpc.use_local_subchannel_pool": 1,
      "grpc-node.flow_control_window": 8 << 20,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1000,
      ...(tls?.serverName && {
        "grpc.ssl_target_name_override": tls.serverName,
        "grpc.default_authority": tls.serverName,
      }),
    },
    faultHandling: { host: () => noop, global: noop },
  };
  if (tls) options.credentials = credentials(tls);
  return new Etcd3(options);
}

function credentials({ ca, cert, key }: EtcdTls): NonNullable<IOptions["credentials"]> {
  return {
    rootCertificate: Buffer.from(ca ?? rootCertificates.join("\n")),
    ...(cert && { certChain: Buffer.from(cert) }),
    ...(key && { privateKey: Buffer.from(key) }),
  };
}
