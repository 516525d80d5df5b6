import { existsSync, readFileSync } from "node:fs";
import { type Reach, reachOf } from "../shared/resources/reach.ts";
import type { RouterName } from "../shared/snapshot/format.ts";
import { type AdminConfig, adminConfig, adminKeyProblem } from "./config/admin-config.ts";
import { type ListenAddress, listenAddress } from "./config/listen-address.ts";
import {
  type Environment,
  type Problem,
  type Read,
  type ReadSettings,
  readSettings,
} from "./config/read-settings.ts";
import { SETTINGS, type SettingName, type SettingValue } from "./config/settings.ts";
import type { DiscoveryTiming } from "./discovery/discovery.ts";
import type { DnsOrder } from "./discovery/record-order.ts";
import { parseDnsServer, type ServerAddress } from "./discovery/server-address.ts";
import type { EtcdOptions } from "./etcd/etcd3-transport.ts";
import type { StandaloneFile } from "./file/file-source.ts";
import type { LossGuard } from "./publish/loss-guard.ts";
import type { RetentionOptions } from "./publish/retention.ts";
import type { StoreOptions } from "./store/open-store.ts";
import { formatOf, hasLists } from "./table/read-standalone.ts";

/** Everything that the exporter needs to know, checked. Times in milliseconds. */
export interface Config {
  readonly etcd: EtcdOptions;
  /** In etcd's place. */
  readonly file: ConfiguredFile | undefined;
  /** Without a trailing slash; empty, where a file is in etcd's place. */
  readonly prefix: string;
  /** The edge's, as far as it is told. */
  readonly reach: Reach;
  readonly dns: DnsConfig;
  /** As it was set; undefined: nothing is encrypted at rest. */
  readonly keyring: readonly string[] | undefined;
  readonly auditIntervalMs: number;
  readonly namespace: string;
  readonly router: RouterName;
  readonly store: StoreOptions;
  readonly publishIntervalMs: number;
  readonly pointerCheckIntervalMs: number;
  /** Undefined: off. */
  readonly lossGuard: LossGuard | undefined;
  readonly retention: RetentionOptions & { readonly intervalMs: number };
  /** Undefined: this exporter is the only one. */
  readonly election: { readonly ttlSeconds: number } | undefined;
  /** `off`: every active check is left to the edge. */
  readonly healthChecks: "on" | "off";
  readonly statusListen: ListenAddress;
  /** For edges that push their metrics; undefined: none may. */
  readonly edgeMetricsToken: string | undefined;
  /** Undefined: off. */
  readonly admin: AdminConfig | undefined;
  readonly log: { readonly level: string; readonly format: "json" | "text" };
}

export interface DnsConfig {
  /** Undefined: those of the machine. */
  readonly servers: readonly ServerAddress[] | undefined;
  readonly order: readonly DnsOrder[];
  readonly timeoutMs: number;
  readonly timing: DiscoveryTiming;
}

export interface ConfiguredFile extends StandaloneFile {
  readonly environment: Environment;
  /** Settings that somebody made and that only etcd would need. */
  readonly ignored: readonly string[];
}

/** All problems of a configuration, each with its remedy. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(
      ({ setting, found, wanted }) => `  ${setting}: found ${found}, want ${wanted}`,
    );
    super(`the configuration has ${problems.length} problem(s):\n${lines.join("\n")}`);
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/**
 * `path` is the one configuration file, JSON, over which the environment wins; or APISIX's standalone file,
 * as `STANDALONE_FILE` would name it. Throws `ConfigError`.
 */
export function readConfig(environment: Environment, path?: string): Config {
  if (path !== undefined && isStandalone(path)) {
    return readConfig({ ...environment, STANDALONE_FILE: path });
  }
  const settings = path === undefined ? {} : readFile(path);
  const isFromFile = Boolean(environment.STANDALONE_FILE || settings.STANDALONE_FILE);
  if (!isFromFile) return readPart(/^/, environment, path, toConfig);
  const written = new Set([...Object.keys(environment), ...Object.keys(settings)]);
  const ignored = [...written].filter((name) => OF_ETCD.test(name)).sort();
  return readFrom(/^/, withoutEtcd(environment), withoutEtcd(settings), (of) => {
    const file = of<string>("STANDALONE_FILE");
    return {
      ...toConfig(of),
      file: { path: file, format: formatOf(file), environment, ignored },
      prefix: "",
      keyring: undefined,
      election: undefined,
      admin: undefined,
    };
  });
}

/** A file is not encrypted, and the Admin API could not write it. */
const OF_ETCD = /^(ETCD_|LEADER_|DATA_ENCRYPTION_|ADMIN_)/;

function withoutEtcd<T>(settings: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !OF_ETCD.test(name)));
}

/** What the operator's commands need: the store alone. Throws `ConfigError`. */
export function readStoreConfig(environment: Environment, path?: string): StoreConfig {
  return readPart(/^(NAMESPACE|STORE|S3_|LOG_)/, environment, path, storeConfig);
}

/** What reading etcd once needs. Throws `ConfigError`. */
export function readEtcdConfig(environment: Environment, path?: string): EtcdConfig {
  return readPart(/^(ETCD_|ROUTER$|DATA_ENCRYPTION_)/, environment, path, etcdConfig);
}

/** Of a configuration that does not lie in etcd. Throws `ConfigError`. */
export function readRouter(environment: Environment, path?: string): RouterName {
  return readPart(/^ROUTER$/, environment, path, (of) => of<RouterName>("ROUTER"));
}

/** What the edge reaches by bindings, as far as the exporter is told. Throws `ConfigError`. */
export function readEdgeReach(environment: Environment, path?: string): Reach {
  return readPart(/^EDGE_/, environment, path, edgeReach);
}

type StoreConfig = Pick<Config, "store" | "namespace" | "log">;
type EtcdConfig = Pick<Config, "etcd" | "prefix" | "router" | "keyring">;

/** Only what is wrong with the `wanted` settings counts; `build` may ask for no others. */
function readPart<T>(
  wanted: RegExp,
  environment: Environment,
  path: string | undefined,
  build: (of: Read) => T,
): T {
  return readFrom(wanted, environment, path === undefined ? {} : readFile(path), build);
}

function readFrom<T>(
  wanted: RegExp,
  environment: Environment,
  settings: Readonly<Record<string, unknown>>,
  build: (of: Read) => T,
): T {
  const read = readSettings(SETTINGS, environment, settings);
  const all = [...read.problems, ...contradictions(read)];
  const problems = all.filter(({ setting }) => wanted.test(setting));
  if (problems.length > 0) throw new ConfigError(problems);
  return build(<V extends SettingValue>(name: SettingName) => read.values.get(name) as V);
}

function storeConfig(of: Read): StoreConfig {
  return {
    namespace: of("NAMESPACE"),
    store: storeOptions(of),
    log: { level: of("LOG_LEVEL"), format: of("LOG_FORMAT") },
  };
}

function etcdConfig(of: Read): EtcdConfig {
  return {
    etcd: etcdOptions(of),
    prefix: of<string>("ETCD_PREFIX").replace(/\/+$/, ""),
    router: of("ROUTER"),
    keyring: of<readonly string[] | undefined>("DATA_ENCRYPTION_KEYRING"),
  };
}

function edgeReach(of: Read): Reach {
  return reachOf(of<readonly string[] | undefined>("EDGE_UPSTREAM_BINDINGS") ?? []);
}

function dnsConfig(of: Read): DnsConfig {
  return {
    servers: of<readonly string[] | undefined>("DNS_SERVERS")?.map(parseDnsServer),
    order: of<readonly DnsOrder[]>("DNS_ORDER"),
    timeoutMs: of("DNS_TIMEOUT_MS"),
    timing: {
      minTtlMs: of("DNS_MIN_TTL_MS"),
      maxTtlMs: of("DNS_MAX_TTL_MS"),
      firstAnswerMs: of("DNS_FIRST_ANSWER_MS"),
    },
  };
}

function toConfig(of: Read): Config {
  const election = of<string>("LEADER_ELECTION") === "on";
  return {
    ...etcdConfig(of),
    ...storeConfig(of),
    reach: edgeReach(of),
    dns: dnsConfig(of),
    file: undefined,
    auditIntervalMs: of("ETCD_AUDIT_INTERVAL_MS"),
    publishIntervalMs: of("PUBLISH_INTERVAL_MS"),
    pointerCheckIntervalMs: of("POINTER_CHECK_INTERVAL_MS"),
    lossGuard:
      of<string>("LOSS_GUARD") === "off"
        ? undefined
        : { share: of("LOSS_GUARD_SHARE"), minimum: of("LOSS_GUARD_MINIMUM") },
    retention: {
      keepGenerations: of("KEEP_GENERATIONS"),
      graceMs: of("GC_GRACE_MS"),
      intervalMs: of("GC_INTERVAL_MS"),
    },
    election: election ? { ttlSeconds: of("LEADER_TTL_SECONDS") } : undefined,
    healthChecks: of("HEALTH_CHECKS"),
    statusListen: listenAddress(of("STATUS_LISTEN")),
    edgeMetricsToken: of("EDGE_METRICS_TOKEN"),
    admin: adminConfig(of),
  };
}

function etcdOptions(of: Read): EtcdOptions {
  const user = of<string | undefined>("ETCD_USER");
  const [ca, cert, key, serverName] = (
    ["ETCD_CA_FILE", "ETCD_CERT_FILE", "ETCD_KEY_FILE", "ETCD_SERVER_NAME"] as const
  ).map((name) => of<string | undefined>(name));
  const tls = {
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(serverName ? { serverName } : {}),
  };
  return {
    endpoints: of("ETCD_ENDPOINTS"),
    ...(user ? { user, password: of<string>("ETCD_PASSWORD") } : {}),
    ...(Object.keys(tls).length > 0 ? { tls } : {}),
  };
}

function storeOptions(of: Read): StoreOptions {
  const namespace = of<string>("NAMESPACE");
  const timeoutMs = of<number>("STORE_TIMEOUT_MS");
  if (of<string>("STORE") === "directory") {
    return { is: "directory", folder: of("STORE_DIR"), namespace };
  }
  return {
    is: "s3",
    endpoint: of<string | undefined>("S3_ENDPOINT"),
    region: of("S3_REGION"),
    bucket: of("S3_BUCKET"),
    prefix: `${of<string>("S3_PREFIX")}${namespace}/`,
    accessKeyId: of("S3_ACCESS_KEY_ID"),
    secretAccessKey: of("S3_SECRET_ACCESS_KEY"),
    sessionToken: of<string | undefined>("S3_SESSION_TOKEN"),
    pathStyle: of("S3_PATH_STYLE"),
    checksums: of("S3_CHECKSUMS"),
    unquotedEtags: of("S3_UNQUOTED_ETAGS"),
    timeoutMs,
  };
}

/** Settings that are missing, or do not go together. */
function contradictions({ values, problems: reported }: ReadSettings): Problem[] {
  const problems: Problem[] = [];
  const has = (name: SettingName) => values.has(name) || reported.some((p) => p.setting === name);
  const need = (name: SettingName, why: string) => {
    if (!has(name))
      problems.push({ setting: name, found: "nothing", wanted: `a value, since ${why}` });
  };
  if (!has("STORE"))
    problems.push({ setting: "STORE", found: "nothing", wanted: "s3 or directory" });
  if (values.get("STORE") === "directory") need("STORE_DIR", "STORE is directory");
  if (values.get("STORE") === "s3") {
    need("S3_BUCKET", "STORE is s3");
    need("S3_ACCESS_KEY_ID", "STORE is s3");
    need("S3_SECRET_ACCESS_KEY", "STORE is s3");
  }
  if (has("ETCD_USER")) need("ETCD_PASSWORD", "ETCD_USER is set");
  if (has("ETCD_CERT_FILE")) need("ETCD_KEY_FILE", "ETCD_CERT_FILE is set");
  if (has("ETCD_KEY_FILE")) need("ETCD_CERT_FILE", "ETCD_KEY_FILE is set");
  const [minTtl, maxTtl] = [values.get("DNS_MIN_TTL_MS"), values.get("DNS_MAX_TTL_MS")];
  if (typeof minTtl === "number" && typeof maxTtl === "number" && minTtl > maxTtl) {
    const wanted = `no less than DNS_MIN_TTL_MS, ${minTtl}`;
    problems.push({ setting: "DNS_MAX_TTL_MS", found: String(maxTtl), wanted });
  }
  const standalone = values.get("STANDALONE_FILE");
  if (typeof standalone === "string" && !existsSync(standalone)) {
    const found = JSON.stringify(standalone);
    problems.push({ setting: "STANDALONE_FILE", found, wanted: "the path of a file that exists" });
  }
  if (has("ADMIN_TLS_CERT_FILE")) need("ADMIN_TLS_KEY_FILE", "ADMIN_TLS_CERT_FILE is set");
  if (has("ADMIN_TLS_KEY_FILE")) need("ADMIN_TLS_CERT_FILE", "ADMIN_TLS_KEY_FILE is set");
  if (has("ADMIN_TLS_CLIENT_CA_FILE"))
    need("ADMIN_TLS_CERT_FILE", "ADMIN_TLS_CLIENT_CA_FILE is set");
  const keys = adminKeyProblem(<T>(name: SettingName) => values.get(name) as T);
  if (keys) problems.push(keys);
  const namespace = values.get("NAMESPACE");
  if (typeof namespace === "string" && !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(namespace)) {
    const found = JSON.stringify(namespace);
    problems.push({ setting: "NAMESPACE", found, wanted: "letters, digits, `.`, `_` and `-`" });
  }
  const prefix = values.get("ETCD_PREFIX");
  if (typeof prefix === "string" && !/^\/[^/]/.test(prefix)) {
    const found = JSON.stringify(prefix);
    problems.push({ setting: "ETCD_PREFIX", found, wanted: "a path like /apisix" });
  }
  return problems;
}

/** Whether the file that `--config` names is APISIX's rather than one of settings. */
function isStandalone(path: string): boolean {
  if (/\.ya?ml$/i.test(path)) return true;
  try {
    return hasLists(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return false; // Whoever reads it as settings says what is wrong with it.
  }
}

function readFile(path: string): Readonly<Record<string, unknown>> {
  const problem = (found: string, wanted: string) =>
    new ConfigError([{ setting: "--config", found, wanted }]);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw problem(JSON.stringify(path), "the path of a file that can be read");
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch (error) {
    throw problem(
      error instanceof Error ? error.message : String(error),
      "a JSON object of settings",
    );
  }
  throw problem("JSON that is no object", 'a JSON object like {"STORE": "s3"}');
}
