import { parseArgs } from "node:util";
import { ROUTER_NAMES, type RouterName } from "../../shared/snapshot/format.ts";
import type { Ports } from "./ports.ts";

export interface Flags {
  readonly ports: Ports;
  readonly demo: boolean;
  readonly router: RouterName;
  /** Keep etcd's and the object store's files here; undefined: a temporary folder. */
  readonly store: string | undefined;
  readonly embeddedEtcd: boolean;
}

export const USAGE = `Starts Snapgate on this machine: etcd, an object store (local R2), the exporter, the
edge worker on workerd, and three demo upstreams.

Usage: npm start -- [flags]

  --gateway-port PORT   the gateway (9080)
  --status-port PORT    the exporter's /status, /healthz, /readyz, /metrics (9091)
  --admin-port PORT     the Admin API (9180)
  --etcd-port PORT      etcd, where it is started here (2379)
  --store-port PORT     the object store's S3 endpoint (9092)
  --upstream-port PORT  the first of three demo upstreams in a row (9101)
  --router NAME         ${ROUTER_NAMES.join(", ")} (${ROUTER_NAMES[0]})
  --store DIR           keep etcd's and the object store's files in DIR (a temporary folder)
  --embedded-etcd       the embedded in-memory etcd, also where there is an etcd on the PATH
  --no-demo             no demo upstreams and no demo configuration
  --help                this text

Port 0 picks a free port. ETCD_ENDPOINTS=http://host:2379 uses an etcd of your own; the demo is written
there too, unless --no-demo.`;

/** Parses the command line; a string is what is wrong with it. */
export function parseFlags(args: readonly string[]): Flags | "help" | { readonly wrong: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        "gateway-port": { type: "string", default: "9080" },
        "status-port": { type: "string", default: "9091" },
        "admin-port": { type: "string", default: "9180" },
        "etcd-port": { type: "string", default: "2379" },
        "store-port": { type: "string", default: "9092" },
        "upstream-port": { type: "string", default: "9101" },
        router: { type: "string", default: ROUTER_NAMES[0] as string },
        store: { type: "string" },
        "embedded-etcd": { type: "boolean", default: false },
        "no-demo": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return "help";
    const router = ROUTER_NAMES.find((name) => name === values.router);
    if (!router) return { wrong: `--router ${values.router}: want ${ROUTER_NAMES.join(", ")}` };
    return {
      ports: {
        gateway: port("--gateway-port", values["gateway-port"]),
        status: port("--status-port", values["status-port"]),
        admin: port("--admin-port", values["admin-port"]),
        etcd: port("--etcd-port", values["etcd-port"]),
        store: port("--store-port", values["store-port"]),
        upstreams: port("--upstream-port", values["upstream-port"]),
      },
      demo: !values["no-demo"],
      router,
      store: values.store,
      embeddedEtcd: values["embedded-etcd"],
    };
  } catch (error) {
    if (error instanceof Error) return { wrong: error.message };
    throw error;
  }
}

function port(flag: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number <= 65535) return number;
  throw new Error(`${flag} ${text}: want a port, 0 to 65535`);
}
