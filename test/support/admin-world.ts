import { AccessControl } from "../../exporter/admin/access.ts";
import { createAdminApp } from "../../exporter/admin/admin-app.ts";
import type { AdminKey } from "../../exporter/admin/admin-keys.ts";
import { type ConfigurationView, viewOfExporter } from "../../exporter/admin/configuration-view.ts";
import { createAdminApi } from "../../exporter/admin/start-admin.ts";
import { type Clock, systemClock } from "../../exporter/clock.ts";
import { fieldCipher, NO_CIPHER } from "../../exporter/encryption/field-cipher.ts";
import { Keyring } from "../../exporter/encryption/keyring.ts";
import { createEtcd3Transport } from "../../exporter/etcd/etcd3-transport.ts";
import { isComplete } from "../../exporter/etcd/keyspace.ts";
import { createMirror } from "../../exporter/etcd/mirror.ts";
import type { EtcdTransport } from "../../exporter/etcd/transport.ts";
import { ResourceTable } from "../../exporter/resource-table.ts";
import { initialState } from "../../exporter/status.ts";
import { parseIpRanges } from "../../shared/routing/ip-ranges.ts";
import { type EtcdCluster, until } from "./etcd-server.ts";

export const ADMIN_KEY = "admin-key-of-the-tests";
export const VIEWER_KEY = "viewer-key-of-the-tests";

export interface AdminAnswer {
  readonly status: number;
  /** JSON as a value, else the text. */
  readonly body: unknown;
  readonly headers: Headers;
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The Admin API on a real etcd, called without a network, beside a table that follows that etcd. */
export interface AdminWorld {
  /** Of its own for each world, so that many may share one etcd. */
  readonly prefix: string;
  readonly transport: EtcdTransport;
  readonly view: ConfigurationView;
  readonly lines: readonly LogLine[];
  /** `path` is below `/apisix/admin/`, or whole; a text or bytes are sent as they are. */
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<AdminAnswer>;
  /** What lies under a key below the prefix, as text; undefined: nothing. */
  stored(key: string): Promise<string | undefined>;
  /** Writes around the API, as APISIX's own would. */
  write(key: string, value: object | string): Promise<void>;
  stop(): Promise<void>;
}

export interface AdminWorldOptions {
  readonly prefix?: string;
  readonly keyring?: readonly string[];
  readonly keys?: readonly AdminKey[];
  readonly allow?: readonly string[];
  readonly client?: string;
  readonly cors?: boolean;
  readonly uiFolder?: string;
  readonly clock?: Clock;
  /** Bends what the API has of etcd, not what the table has. */
  readonly bend?: (transport: EtcdTransport) => EtcdTransport;
  /** In place of the table's. */
  readonly view?: ConfigurationView;
}

let worlds = 0;

export async function startAdminWorld(
  cluster: Pick<EtcdCluster, "endpoints">,
  options: AdminWorldOptions = {},
): Promise<AdminWorld> {
  const prefix = options.prefix ?? `/apisix-admin-${++worlds}`;
  const random = Math.random;
  const clock = options.clock ?? systemClock;
  const { endpoints } = cluster;
  const transport = createEtcd3Transport({ endpoints }, { clock: systemClock, random });
  const cipher = options.keyring ? fieldCipher(new Keyring(options.keyring)) : NO_CIPHER;
  const table = followEtcd(transport, prefix, cipher);
  const view = options.view ?? table.view;
  const lines: LogLine[] = [];
  const api = createAdminApi({
    transport: options.bend?.(transport) ?? transport,
    prefix,
    clock,
    random,
    cipher,
    view,
  });
  const app = createAdminApp({
    api,
    access: new AccessControl(options.keys ?? DEFAULT_KEYS),
    allowed: parseIpRanges(options.allow ?? ["127.0.0.0/24"]),
    cors: options.cors ?? true,
    uiFolder: options.uiFolder,
    log: recordingLog(lines),
  });
  await until(() => table.view.revision() !== undefined, "the table follows etcd");
  return {
    prefix,
    transport,
    view,
    lines,
    call: async (method, path, body, headers = {}) => {
      const whole = path.startsWith("/") ? path : `/apisix/admin/${path}`;
      const request = new Request(`http://127.0.0.1:9180${whole}`, {
        method,
        headers: { "x-api-key": ADMIN_KEY, ...headers },
        ...(body === undefined ? {} : { body: asBody(body) }),
      });
      const socket = { remoteAddress: options.client ?? "127.0.0.1" };
      const response = await app.fetch(request, { incoming: { socket } } as never);
      return readAnswer(response);
    },
    stored: async (key) => {
      const { kvs } = await transport.range({ key: `${prefix}/${key}` });
      return kvs[0] && Buffer.from(kvs[0].value).toString("utf8");
    },
    write: async (key, value) => {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      const put = { do: "put", key: `${prefix}/${key}`, value: text } as const;
      await transport.txn({ compare: [], success: [put] });
    },
    stop: async () => {
      await table.stop();
      transport.close();
    },
  };
}

const DEFAULT_KEYS: readonly AdminKey[] = [
  { name: "ci", role: "admin", secret: ADMIN_KEY },
  { name: "reader", role: "viewer", secret: VIEWER_KEY },
];

/** As the exporter's own table: fed by a mirror, and no more current than that. */
function followEtcd(transport: EtcdTransport, prefix: string, cipher: typeof NO_CIPHER) {
  const mirror = createMirror({
    transport,
    clock: systemClock,
    random: Math.random,
    prefix: `${prefix}/`,
    onTrouble: () => {},
  });
  const table = new ResourceTable(prefix, { cipher });
  const state = initialState();
  const ended = new AbortController();
  const running = (async () => {
    for await (const change of mirror.changes(ended.signal)) {
      table.apply(change);
      if (!isComplete(change)) continue;
      state.hasBase = true;
      state.tableRevision = change.revision;
    }
  })();
  return {
    view: viewOfExporter({ table, state, health: () => mirror.health() }),
    stop: async () => {
      ended.abort();
      await running;
    },
  };
}

function asBody(body: unknown): BodyInit {
  if (typeof body === "string" || body instanceof ReadableStream) return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

async function readAnswer(response: Response): Promise<AdminAnswer> {
  const { status, headers } = response;
  const text = await response.text();
  try {
    return { status, headers, body: JSON.parse(text) as unknown };
  } catch {
    return { status, headers, body: text };
  }
}

function recordingLog(lines: LogLine[]) {
  const line =
    (level: string) =>
    (message: string, fields: object = {}) =>
      void lines.push({ level, message, fields: { ...fields } });
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}
