import type { ReadingSettings } from "../shared/request/read-request.ts";
import { IpRangeError, type IpRanges, parseIpRanges } from "../shared/routing/ip-ranges.ts";
import type { UriSettings } from "../shared/routing/matching-uri.ts";
import type { ScheduledChecksSettings } from "./health/scheduled-checks.ts";
import { readMetricsPush } from "./plugins/prometheus/push-settings.ts";
import { isNamespace } from "./rate-limits/policy.ts";
import { type ManagedSecrets, readManagedSecrets } from "./secrets.ts";
import type { FreshnessSettings } from "./snapshot/freshness.ts";
import type { S3SourceOptions } from "./snapshot/sources/s3.ts";
import type { Network } from "./upstream/network.ts";
import { readUpstreamBindings, type UpstreamBindings } from "./upstream/upstream-bindings.ts";

/** The worker's variables, secrets and bindings, as wrangler.toml names them. */
export type Bindings = Readonly<Record<string, unknown>>;

export interface Settings extends ReadingSettings {
  readonly namespace: string;
  /** Of every object's name, with its trailing slash. */
  readonly prefix: string;
  readonly freshness: FreshnessSettings;
  /** For one object from one source. */
  readonly readTimeoutMs: number;
  readonly memoryBudgetBytes: number;
  readonly r2: R2Bucket | undefined;
  readonly s3: S3SourceOptions | undefined;
  readonly secondaryR2: R2Bucket | undefined;
  readonly secondaryS3: S3SourceOptions | undefined;
  /** Carries requests to nodes with private addresses. */
  readonly privateNetwork: Network | undefined;
  /** Carry requests to single upstreams. */
  readonly upstreamBindings: UpstreamBindings;
  /** For references to a secret manager. */
  readonly managedSecrets: ManagedSecrets;
  readonly statusPath: string;
  /** Undefined: there is no status endpoint. */
  readonly statusToken: string | undefined;
  /** Name of the response header with the generation; undefined: none. */
  readonly generationHeader: string | undefined;
  /** Of bodies beyond it the variables know nothing. */
  readonly maxBodyBytes: number;
  readonly serverHeader: string;
  readonly showUpstreamStatus: boolean;
  readonly accessLog: boolean;
  /** Undefined: the cron trigger checks nothing. */
  readonly healthChecks: ScheduledChecksSettings | undefined;
}

/** One variable of the worker, for docs/configuration.md and its test. */
export interface EdgeSetting {
  readonly name: string;
  readonly fallback: string;
  readonly about: string;
}

export const EDGE_SETTINGS: readonly EdgeSetting[] = [
  { name: "SNAPSHOTS", fallback: "", about: "R2 binding: the bucket with the snapshots" },
  {
    name: "SECONDARY_SNAPSHOTS",
    fallback: "",
    about: "R2 binding: asked when the first source fails",
  },
  {
    name: "PRIVATE_NETWORK",
    fallback: "",
    about: "Workers VPC network binding: reaches nodes with private addresses",
  },
  {
    name: "RATE_LIMITS",
    fallback: "",
    about:
      "Durable Object binding: counters for the policies `redis`, `redis-cluster`, `redis-sentinel`",
  },
  {
    name: "UPSTREAM_BINDINGS",
    fallback: "",
    about: "JSON: which bindings carry which upstreams, see below",
  },
  {
    name: "SECRETS",
    fallback: "",
    about: "secret, JSON: what `$secret://` references stand for, see below",
  },
  { name: "SNAPGATE_NAMESPACE", fallback: "default", about: "the exporter's NAMESPACE" },
  { name: "SNAPGATE_PREFIX", fallback: "", about: "the exporter's S3_PREFIX" },
  { name: "S3_ENDPOINT", fallback: "", about: "read an S3-compatible bucket instead of R2" },
  { name: "S3_BUCKET", fallback: "", about: "its name" },
  { name: "S3_REGION", fallback: "auto", about: "its region" },
  { name: "S3_ACCESS_KEY_ID", fallback: "", about: "secret: access key, may read only" },
  { name: "S3_SECRET_ACCESS_KEY", fallback: "", about: "secret: secret key" },
  {
    name: "SECONDARY_S3_ENDPOINT",
    fallback: "",
    about: "a second bucket, asked when the first source fails; the other SECONDARY_S3_… likewise",
  },
  {
    name: "REFRESH_INTERVAL_MS",
    fallback: "5000",
    about: "how old the last look at the pointer may be; 0 looks before every request",
  },
  {
    name: "STALE_AFTER_MS",
    fallback: "15000",
    about: "an isolate that has not looked for so long waits for the look",
  },
  {
    name: "STALE_WAIT_MS",
    fallback: "500",
    about: "but at most so long, and then serves what it has",
  },
  {
    name: "FIRST_LOAD_MS",
    fallback: "10000",
    about: "how long a request may wait for the very first snapshot",
  },
  { name: "READ_TIMEOUT_MS", fallback: "5000", about: "limit of reading one object" },
  {
    name: "MEMORY_BUDGET_MB",
    fallback: "48",
    about: "memory for the snapshot's chunks; what is beyond it is read when needed",
  },
  { name: "STATUS_PATH", fallback: "/snapgate/status", about: "where the status endpoint is" },
  {
    name: "STATUS_TOKEN",
    fallback: "",
    about: "secret: `Authorization: Bearer …` for it; without it there is none",
  },
  {
    name: "GENERATION_HEADER",
    fallback: "",
    about: "name of a response header with the generation",
  },
  {
    name: "CLIENT_IP_HEADER",
    fallback: "CF-Connecting-IP",
    about: "header with the client's address; change it only behind a proxy of your own",
  },
  {
    name: "TRUSTED_PROXIES",
    fallback: "",
    about:
      "when self-hosted: addresses and networks of proxies, by commas; that header is then a list, " +
      "read from the right past them",
  },
  {
    name: "LISTEN_PORT",
    fallback: "0",
    about: "for X-Forwarded-Port when self-hosted; 0: 80 or 443, by the scheme",
  },
  {
    name: "DELETE_URI_TAIL_SLASH",
    fallback: "off",
    about:
      "`on`: routes are matched without the path's last slash, as `apisix.delete_uri_tail_slash`",
  },
  {
    name: "NORMALIZE_URI_LIKE_SERVLET",
    fallback: "off",
    about: "`on`: and without `;…` in its segments, as `apisix.normalize_uri_like_servlet`",
  },
  {
    name: "MATCH_URI_ENCODED_SLASH",
    fallback: "off",
    about: "`on`: and with `%2F` kept apart from `/`, as `apisix.match_uri_encoded_slash`",
  },
  {
    name: "MAX_MATCHING_BODY_KB",
    fallback: "1024",
    about: "where a condition asks for `post_arg` or `graphql`: in longer bodies it finds nothing",
  },
  { name: "SERVER_HEADER", fallback: "APISIX", about: "value of the Server header" },
  {
    name: "SHOW_UPSTREAM_STATUS",
    fallback: "off",
    about:
      "`on`: `X-APISIX-Upstream-Status` on every proxied answer, not only those of 5xx, as " +
      "`apisix.show_upstream_status_in_response_header`",
  },
  {
    name: "ACCESS_LOG",
    fallback: "off",
    about: "`on`: one JSON line a request to the Worker's log",
  },
  {
    name: "PROMETHEUS_PUSH_URL",
    fallback: "",
    about: "where isolates push what the plugin `prometheus` counted; it must add up what it gets",
  },
  {
    name: "PROMETHEUS_PUSH_TOKEN",
    fallback: "",
    about: "secret: `Authorization: Bearer …` of those pushes",
  },
  {
    name: "PROMETHEUS_PUSH_SECONDS",
    fallback: "15",
    about: "how long counts may wait for a push: 5 to 20",
  },
  {
    name: "HEALTH_CHECKS",
    fallback: "off",
    about: "`left`: the cron trigger probes the upstreams that the exporter leaves to the edge",
  },
  {
    name: "HEALTH_CHECK_SECONDS",
    fallback: "55",
    about: "how long one run of the cron trigger probes: a little less than the time to the next",
  },
  {
    name: "HEALTH_CHECK_PROBES",
    fallback: "40",
    about:
      "at most so many probes a run, spread over it, for the platform's limit on subrequests: 50 on " +
      "the free plan, 10,000 on the paid one",
  },
];

/** Whether a variable is the Worker's own, and so none that a configuration may ask for. */
export function isSetting(name: string): boolean {
  return name.startsWith("SECONDARY_S3_") || EDGE_SETTINGS.some((each) => each.name === name);
}

/** Everything that is wrong with the settings, in one message. */
export class SettingsError extends Error {
  constructor(problems: readonly string[]) {
    super(`the worker's settings have ${problems.length} problem(s): ${problems.join("; ")}`);
    this.name = "SettingsError";
  }
}

/** Throws `SettingsError` with every problem. */
export function readSettings(bindings: Bindings): Settings {
  const problems: string[] = [];
  const text = (name: string): string => {
    const value = bindings[name];
    // wrangler.toml may have it as a number, or as something that no setting is, which is then told.
    if (value !== undefined && value !== "") return String(value);
    return EDGE_SETTINGS.find((setting) => setting.name === name)?.fallback ?? "";
  };
  const count = (name: string, max: number, min = 0): number => {
    const value = text(name);
    if (/^\d+$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    const wanted = `want a whole number from ${min} to ${max}`;
    problems.push(`${name}: found ${JSON.stringify(value)}, ${wanted}`);
    return min;
  };
  const flag = (name: string) => readFlag(name, text, problems);
  const namespace = text("SNAPGATE_NAMESPACE");
  const prefix = `${text("SNAPGATE_PREFIX")}${namespace}/`;
  const bucket = (name: string) => readBucket(bindings, name, problems);
  const s3 = (before: string) => readS3(before, text, prefix, problems);
  const DAY_MS = 86_400_000;
  const settings: Settings = {
    namespace,
    prefix,
    freshness: {
      refreshIntervalMs: count("REFRESH_INTERVAL_MS", DAY_MS),
      staleAfterMs: count("STALE_AFTER_MS", DAY_MS),
      staleWaitMs: count("STALE_WAIT_MS", 30_000),
      firstLoadMs: count("FIRST_LOAD_MS", 60_000),
    },
    readTimeoutMs: count("READ_TIMEOUT_MS", 60_000, 1),
    memoryBudgetBytes: count("MEMORY_BUDGET_MB", 120, 1) * 1024 * 1024,
    r2: bucket("SNAPSHOTS"),
    s3: s3(""),
    secondaryR2: bucket("SECONDARY_SNAPSHOTS"),
    secondaryS3: s3("SECONDARY_"),
    privateNetwork: readNetwork(bindings, "PRIVATE_NETWORK", problems),
    upstreamBindings: readUpstreamBindings(bindings, problems),
    managedSecrets: readManagedSecrets(bindings, problems),
    statusPath: text("STATUS_PATH"),
    statusToken: text("STATUS_TOKEN") || undefined,
    generationHeader: text("GENERATION_HEADER") || undefined,
    clientIpHeader: text("CLIENT_IP_HEADER"),
    trustedProxies: readProxies("TRUSTED_PROXIES", text, problems),
    maxBodyBytes: count("MAX_MATCHING_BODY_KB", 65_536) * 1024,
    listenPort: count("LISTEN_PORT", 65_535) || undefined,
    uri: readUriSettings(flag),
    serverHeader: text("SERVER_HEADER"),
    showUpstreamStatus: flag("SHOW_UPSTREAM_STATUS"),
    accessLog: flag("ACCESS_LOG"),
    healthChecks: readHealthChecks(text, count, problems),
  };
  checkCounters(bindings, problems);
  readMetricsPush(bindings, problems);
  problems.push(...problemsOf(settings));
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

/** What no setting says alone. */
function problemsOf({ r2, s3, secondaryR2, secondaryS3, statusPath }: Settings): string[] {
  const problems: string[] = [];
  if (!r2 && !s3 && !secondaryR2 && !secondaryS3) {
    problems.push("there is no source: bind R2 as SNAPSHOTS, or set S3_ENDPOINT");
  }
  if (!statusPath.startsWith("/")) problems.push("STATUS_PATH: want a path that begins with /");
  return problems;
}

/** The plugins take the binding by themselves. */
function checkCounters({ RATE_LIMITS: counters = "" }: Bindings, problems: string[]): void {
  if (counters === "" || isNamespace(counters)) return;
  problems.push(`RATE_LIMITS: found ${typeof counters}, want a Durable Object binding`);
}

function readFlag(name: string, text: (name: string) => string, problems: string[]): boolean {
  const value = text(name);
  if (value !== "on" && value !== "off") {
    problems.push(`${name}: found ${JSON.stringify(value)}, want on or off`);
  }
  return value === "on";
}

function readHealthChecks(
  text: (name: string) => string,
  count: (name: string, max: number, min: number) => number,
  problems: string[],
): ScheduledChecksSettings | undefined {
  const value = text("HEALTH_CHECKS");
  if (value !== "left" && value !== "off") {
    problems.push(`HEALTH_CHECKS: found ${JSON.stringify(value)}, want left or off`);
  }
  // The platform ends a run after 15 minutes.
  const runMs = count("HEALTH_CHECK_SECONDS", 840, 1) * 1000;
  const probes = count("HEALTH_CHECK_PROBES", 1_000_000, 1);
  return value === "left" ? { runMs, probes } : undefined;
}

function readProxies(
  name: string,
  text: (name: string) => string,
  problems: string[],
): IpRanges | undefined {
  const list = text(name);
  if (list === "") return undefined;
  try {
    return parseIpRanges(list.split(",").map((entry) => entry.trim()));
  } catch (error) {
    if (!(error instanceof IpRangeError)) throw error;
    const found = JSON.stringify(error.entry);
    problems.push(`${name}: found ${found}, want an address, or a network such as 10.0.0.0/8`);
    return undefined;
  }
}

function readUriSettings(flag: (name: string) => boolean): UriSettings {
  return {
    deleteUriTailSlash: flag("DELETE_URI_TAIL_SLASH"),
    normalizeUriLikeServlet: flag("NORMALIZE_URI_LIKE_SERVLET"),
    matchUriEncodedSlash: flag("MATCH_URI_ENCODED_SLASH"),
  };
}

function readBucket(bindings: Bindings, name: string, problems: string[]): R2Bucket | undefined {
  const value = bindings[name];
  if (value === undefined || value === "") return undefined;
  if (typeof value === "object" && value !== null && "get" in value) return value as R2Bucket;
  problems.push(`${name}: found ${typeof value}, want an R2 binding`);
  return undefined;
}

function readNetwork(bindings: Bindings, name: string, problems: string[]): Network | undefined {
  const value = bindings[name];
  if (value === undefined || value === "") return undefined;
  if (typeof value === "object" && value !== null && "fetch" in value) return value as Network;
  problems.push(`${name}: found ${typeof value}, want a VPC network binding`);
  return undefined;
}

function readS3(
  before: string,
  text: (name: string) => string,
  prefix: string,
  problems: string[],
): S3SourceOptions | undefined {
  const endpoint = text(`${before}S3_ENDPOINT`);
  if (endpoint === "") return undefined;
  const needed = (name: string) => {
    const value = text(`${before}${name}`);
    if (value === "") problems.push(`${before}${name}: found nothing, want a value`);
    return value;
  };
  if (!/^https?:\/\/[^/]/.test(endpoint)) {
    problems.push(`${before}S3_ENDPOINT: found ${JSON.stringify(endpoint)}, want https://host`);
  }
  return {
    endpoint,
    prefix,
    bucket: needed("S3_BUCKET"),
    region: text(`${before}S3_REGION`) || "auto",
    accessKeyId: needed("S3_ACCESS_KEY_ID"),
    secretAccessKey: needed("S3_SECRET_ACCESS_KEY"),
  };
}
