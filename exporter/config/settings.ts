import { CARRIER_KEY_FORMS, isCarrierKey } from "../../shared/resources/reach.ts";
import { DNS_ORDER, isDnsOrder } from "../discovery/record-order.ts";
import { isDnsServer } from "../discovery/server-address.ts";

/**
 * Every setting of the exporter: the one table from which parsing, `--help` and docs/configuration.md
 * come. A name is an environment variable, and a key of the configuration file.
 */

export type SettingKind =
  | { readonly is: "text" }
  | { readonly is: "choice"; readonly of: readonly string[] }
  | { readonly is: "flag" }
  /** A whole number within bounds; `unit` is for people. */
  | { readonly is: "number"; readonly min: number; readonly max: number; readonly unit: string }
  | { readonly is: "share" }
  /** Comma-separated `http(s)://host:port`. */
  | { readonly is: "endpoints" }
  /** Members with commas, in order; `wanted` says to a person what they are. */
  | {
      readonly is: "list";
      readonly isMember: (text: string) => boolean;
      readonly wanted: string;
    }
  /** `host:port` to listen on. */
  | { readonly is: "listen" }
  /** A path of a file whose text is the value. */
  | { readonly is: "file" }
  /** Comma-separated addresses and networks. */
  | { readonly is: "networks" }
  /** Comma-separated `name:role:key`. */
  | { readonly is: "admin-keys" }
  /** Comma-separated keys of AES, or `apisix-default`. */
  | { readonly is: "keyring" };

export interface Setting {
  readonly name: string;
  readonly kind: SettingKind;
  /** As it would be written; undefined: not set. */
  readonly fallback: string | undefined;
  readonly about: string;
  /** Never printed, and also read from the file that `<NAME>_FILE` names. */
  readonly secret?: boolean;
}

const text: SettingKind = { is: "text" };
const flag: SettingKind = { is: "flag" };
const file: SettingKind = { is: "file" };
const number = (unit: string, min: number, max: number): SettingKind => ({
  is: "number",
  min,
  max,
  unit,
});
const choice = (...of: string[]): SettingKind => ({ is: "choice", of });

const DAY_MS = 86_400_000;

export const SETTINGS = [
  setting(
    "ETCD_ENDPOINTS",
    { is: "endpoints" },
    "http://127.0.0.1:2379",
    "etcd; several with commas",
  ),
  setting("ETCD_PREFIX", text, "/apisix", "where APISIX's keys are"),
  setting("ETCD_USER", text, undefined, "user, where etcd has authentication on"),
  secret("ETCD_PASSWORD", "its password"),
  setting("ETCD_CA_FILE", file, undefined, "certificate authority of etcd (PEM)"),
  setting("ETCD_CERT_FILE", file, undefined, "client certificate for mutual TLS (PEM)"),
  setting("ETCD_KEY_FILE", file, undefined, "key of the client certificate (PEM)"),
  setting(
    "ETCD_SERVER_NAME",
    text,
    undefined,
    "name in etcd's certificate, where it is not the host",
  ),
  setting(
    "ETCD_AUDIT_INTERVAL_MS",
    number("ms", 1_000, DAY_MS),
    "1800000",
    "how often all keys are compared with etcd",
  ),
  setting(
    "STANDALONE_FILE",
    text,
    undefined,
    "APISIX's `apisix.yaml` or `apisix.json`: published instead of what etcd holds",
  ),
  setting(
    "NAMESPACE",
    text,
    "default",
    "name of this configuration; its objects lie under `<NAMESPACE>/`",
  ),
  setting(
    "ROUTER",
    choice("radixtree_host_uri", "radixtree_uri", "radixtree_uri_with_parameter"),
    "radixtree_host_uri",
    "APISIX's `router.http`",
  ),
  setting("STORE", choice("s3", "directory"), undefined, "where snapshots go"),
  setting("STORE_DIR", text, undefined, "the folder, with STORE=directory"),
  setting(
    "STORE_TIMEOUT_MS",
    number("ms", 100, 600_000),
    "15000",
    "limit of one request to the store",
  ),
  setting("S3_ENDPOINT", text, undefined, "the S3 API; not set: AWS itself"),
  setting("S3_REGION", text, "auto", "region; `auto` for R2"),
  setting("S3_BUCKET", text, undefined, "bucket"),
  setting("S3_PREFIX", text, "", "put before the namespace, e.g. `gateway/`"),
  secret("S3_ACCESS_KEY_ID", "access key"),
  secret("S3_SECRET_ACCESS_KEY", "secret key"),
  secret("S3_SESSION_TOKEN", "session token, for temporary credentials"),
  setting("S3_PATH_STYLE", flag, "true", "`endpoint/bucket/key` rather than `bucket.endpoint/key`"),
  setting(
    "S3_CHECKSUMS",
    choice("required", "supported"),
    "required",
    "`required` suits servers that do not know the SDK's checksums",
  ),
  setting(
    "S3_UNQUOTED_ETAGS",
    flag,
    "false",
    "for Ceph's radosgw 16, which compares If-Match without quotes",
  ),
  setting(
    "PUBLISH_INTERVAL_MS",
    number("ms", 0, DAY_MS),
    "1000",
    "least time between two publishes; 0: at once",
  ),
  setting(
    "POINTER_CHECK_INTERVAL_MS",
    number("ms", 0, DAY_MS),
    "2000",
    "how often the pointer is read for an operator's hold or resume",
  ),
  setting(
    "LOSS_GUARD",
    choice("on", "off"),
    "on",
    "hold a publish that would remove very many routes",
  ),
  setting(
    "LOSS_GUARD_SHARE",
    { is: "share" },
    "0.5",
    "share of the live routes that may go in one publish",
  ),
  setting(
    "LOSS_GUARD_MINIMUM",
    number("routes", 1, 1e9),
    "10",
    "fewer routes than this may always go",
  ),
  setting(
    "KEEP_GENERATIONS",
    number("generations", 1, 100_000),
    "20",
    "how many generations stay for a rollback",
  ),
  setting(
    "GC_GRACE_MS",
    number("ms", 60_000, 365 * DAY_MS),
    String(DAY_MS),
    "nothing younger is deleted from the store",
  ),
  setting(
    "GC_INTERVAL_MS",
    number("ms", 1_000, 365 * DAY_MS),
    "3600000",
    "how often old generations are deleted",
  ),
  setting(
    "LEADER_ELECTION",
    choice("on", "off"),
    "on",
    "elect one publisher among replicas in etcd (needs write access below /snapgate/)",
  ),
  setting("LEADER_TTL_SECONDS", number("s", 2, 600), "10", "how long a dead leader is waited for"),
  setting(
    "HEALTH_CHECKS",
    choice("on", "off"),
    "on",
    "probe the nodes of upstreams with `checks`; `off` leaves all of them to the edge",
  ),
  secret(
    "DATA_ENCRYPTION_KEYRING",
    "APISIX's `data_encryption.keyring`, with commas: fields that are encrypted in etcd; `apisix-default`: " +
      "its built-in keys; not set: values are read and written as they are",
    { is: "keyring" },
  ),
  secret("ADMIN_KEY", "serves the Admin API, to who has this key"),
  secret("ADMIN_VIEWER_KEY", "serves the Admin API for reading, to who has this key"),
  secret("ADMIN_KEYS", "further keys of the Admin API", { is: "admin-keys" }),
  setting("ADMIN_LISTEN", { is: "listen" }, "127.0.0.1:9180", "address of the Admin API"),
  setting(
    "ADMIN_ALLOW",
    { is: "networks" },
    "127.0.0.0/24,::1",
    "addresses that may call the Admin API",
  ),
  setting("ADMIN_CORS", choice("on", "off"), "on", "answer pages of other origins, as APISIX does"),
  setting(
    "ADMIN_TLS_CERT_FILE",
    file,
    undefined,
    "certificate of the Admin API (PEM): it speaks TLS",
  ),
  setting("ADMIN_TLS_KEY_FILE", file, undefined, "key of that certificate (PEM)"),
  setting(
    "ADMIN_TLS_CLIENT_CA_FILE",
    file,
    undefined,
    "authority (PEM) that must have signed the certificate of every client of the Admin API",
  ),
  setting(
    "ADMIN_PLUGINS",
    choice("default", "all"),
    "default",
    "plugins that the Admin API knows: those that APISIX enables by itself, or all of its plugins",
  ),
  setting("ADMIN_UI_DIR", text, undefined, "folder of a built APISIX Dashboard, served under /ui/"),
  secret(
    "EDGE_METRICS_TOKEN",
    "takes what edges that know it push to `/edge-metrics`, beside `/status`, and adds it up there",
  ),
  setting(
    "EDGE_UPSTREAM_BINDINGS",
    { is: "list", isMember: isCarrierKey, wanted: CARRIER_KEY_FORMS },
    undefined,
    "the keys of the edge's UPSTREAM_BINDINGS, for notices, `lint` and `match`",
  ),
  setting(
    "DNS_SERVERS",
    { is: "list", isMember: isDnsServer, wanted: "an address, with `:port` where it is not 53" },
    undefined,
    "servers asked for upstreams with discovery_type dns; not set: those of /etc/resolv.conf",
  ),
  setting(
    "DNS_ORDER",
    { is: "list", isMember: isDnsOrder, wanted: DNS_ORDER.join(", ") },
    DNS_ORDER.join(","),
    "record types in the order they are tried; `last`: the one that had an answer last",
  ),
  setting(
    "DNS_MIN_TTL_MS",
    number("ms", 100, DAY_MS),
    "1000",
    "no name is asked for again sooner, whatever its TTL",
  ),
  setting("DNS_MAX_TTL_MS", number("ms", 100, DAY_MS), "300000", "and none later"),
  setting(
    "DNS_TIMEOUT_MS",
    number("ms", 10, 60_000),
    "2000",
    "limit of one question to one server",
  ),
  setting(
    "DNS_FIRST_ANSWER_MS",
    number("ms", 0, 600_000),
    "5000",
    "how long a publish waits for the first answer about a new service",
  ),
  setting(
    "STATUS_LISTEN",
    { is: "listen" },
    "127.0.0.1:9091",
    "address of /healthz, /readyz, /status and /metrics",
  ),
  setting(
    "LOG_LEVEL",
    choice("debug", "info", "warn", "error"),
    "info",
    "least level that is logged",
  ),
  setting(
    "LOG_FORMAT",
    choice("json", "text"),
    "json",
    "one JSON object or one readable line an event",
  ),
] as const;

export type SettingName = (typeof SETTINGS)[number]["name"];

/** Which value a setting has after it was read; a missing one is undefined. */
export type SettingValue = string | number | boolean | readonly string[] | undefined;

/** What a value of this kind looks like, for a person. */
export function wantedText(kind: SettingKind): string {
  switch (kind.is) {
    case "text":
      return "text";
    case "choice":
      return `one of ${kind.of.join(", ")}`;
    case "flag":
      return "true or false";
    case "number":
      return `a whole number of ${kind.unit} from ${kind.min} to ${kind.max}`;
    case "share":
      return "a number from 0 to 1";
    case "endpoints":
      return "http://host:port or https://host:port, several with commas, all of one scheme";
    case "list":
      return `${kind.wanted}, several with commas`;
    case "listen":
      return "host:port, e.g. 127.0.0.1:9091";
    case "file":
      return "the path of a file that can be read";
    case "networks":
      return "addresses and networks with commas, e.g. 10.0.0.0/8,::1";
    case "admin-keys":
      return "name:role:key with commas; role is admin or viewer; no name or key twice";
    case "keyring":
      return "keys of 16 or 32 ASCII characters with commas, or apisix-default";
  }
}

function setting<N extends string>(
  name: N,
  kind: SettingKind,
  fallback: string | undefined,
  about: string,
) {
  return { name, kind, fallback, about } satisfies Setting;
}

function secret<N extends string>(name: N, about: string, kind: SettingKind = text) {
  return { name, kind, fallback: undefined, about, secret: true } satisfies Setting;
}
