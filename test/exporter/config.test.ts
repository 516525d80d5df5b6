import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ConfigError,
  readConfig,
  readEdgeReach,
  readEtcdConfig,
  readRouter,
  readStoreConfig,
} from "../../exporter/config.ts";

const GOOD = {
  STORE: "s3",
  S3_BUCKET: "b",
  S3_ACCESS_KEY_ID: "k",
  S3_SECRET_ACCESS_KEY: "very-secret",
};

let folder: string;
const file = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "snapgate-config-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function problemsOf(read: () => unknown): Record<string, string> {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Object.fromEntries(
      error.problems.map(({ setting, found, wanted }) => [setting, `${found} → ${wanted}`]),
    );
  }
  return {};
}

describe("the exporter's configuration", () => {
  it("has its documented defaults", () => {
    expect(readConfig(GOOD)).toMatchObject({
      etcd: { endpoints: ["http://127.0.0.1:2379"] },
      prefix: "/apisix",
      namespace: "default",
      router: "radixtree_host_uri",
      publishIntervalMs: 1000,
      lossGuard: { share: 0.5, minimum: 10 },
      retention: { keepGenerations: 20, graceMs: 86_400_000 },
      election: { ttlSeconds: 10 },
      statusListen: { host: "127.0.0.1", port: 9091 },
      store: { is: "s3", prefix: "default/", region: "auto", pathStyle: true },
    });
  });

  it("reports every problem at once, with what was found and what is wanted", () => {
    const problems = problemsOf(() =>
      readConfig({
        STORE: "disk",
        ROUTER: "radixtree",
        ETCD_ENDPOINTS: "localhost:2379",
        PUBLISH_INTERVAL_MS: "soon",
        LOSS_GUARD_SHARE: "50%",
        STATUS_LISTEN: "9091",
        ETCD_USER: "root",
        ETCD_CERT_FILE: "/no/such/file",
        S3_PATH_STYLE: "yes",
        NAMESPACE: "a/b",
        ETCD_PREFIX: "apisix",
      }),
    );
    expect(Object.keys(problems).sort()).toEqual(
      [
        "ETCD_CERT_FILE",
        "ETCD_ENDPOINTS",
        "ETCD_KEY_FILE",
        "ETCD_PASSWORD",
        "ETCD_PREFIX",
        "LOSS_GUARD_SHARE",
        "NAMESPACE",
        "PUBLISH_INTERVAL_MS",
        "ROUTER",
        "S3_PATH_STYLE",
        "STATUS_LISTEN",
        "STORE",
      ].sort(),
    );
    expect(problems.STORE).toBe('"disk" → one of s3, directory');
  });

  it("never prints a secret", () => {
    const text = JSON.stringify(problemsOf(() => readConfig({ ...GOOD, STORE: "x" })));
    expect(text).not.toContain("very-secret");
  });

  it("asks for what its store needs", () => {
    expect(problemsOf(() => readConfig({}))).toHaveProperty("STORE");
    expect(problemsOf(() => readConfig({ STORE: "directory" }))).toHaveProperty("STORE_DIR");
    expect(Object.keys(problemsOf(() => readConfig({ STORE: "s3" })))).toEqual([
      "S3_BUCKET",
      "S3_ACCESS_KEY_ID",
      "S3_SECRET_ACCESS_KEY",
    ]);
  });

  it("reads secrets from files, without the last line's end", () => {
    const path = file("secret", "from-a-file\n");
    const { S3_SECRET_ACCESS_KEY: _, ...rest } = GOOD;
    const config = readConfig({ ...rest, S3_SECRET_ACCESS_KEY_FILE: path });
    expect(config.store).toMatchObject({ secretAccessKey: "from-a-file" });
    const missing = { ...rest, S3_SECRET_ACCESS_KEY_FILE: join(folder, "none") };
    expect(problemsOf(() => readConfig(missing))).toHaveProperty("S3_SECRET_ACCESS_KEY_FILE");
  });

  it("takes one JSON file, over which the environment wins", () => {
    const path = file(
      "config.json",
      JSON.stringify({ ...GOOD, ROUTER: "radixtree_uri", PUBLISH_INTERVAL_MS: 5 }),
    );
    expect(readConfig({}, path)).toMatchObject({ router: "radixtree_uri", publishIntervalMs: 5 });
    expect(readConfig({ PUBLISH_INTERVAL_MS: "7" }, path)).toMatchObject({ publishIntervalMs: 7 });
  });

  it("names a key of the file that it does not know, and the one that was meant", () => {
    const path = file("typo.json", JSON.stringify({ ...GOOD, s3Bucket: "x" }));
    expect(problemsOf(() => readConfig({}, path)).s3Bucket).toContain("S3_BUCKET, perhaps");
  });

  it.each([
    ["not there", join(tmpdir(), "no-such-file.json")],
    ["no JSON", "text"],
    ["no object", "[]"],
  ])("says that the file is %s", (_what, content) => {
    const path = content.startsWith("/") ? content : file("broken.json", content);
    expect(problemsOf(() => readConfig({}, path))).toHaveProperty("--config");
  });

  it("allows intervals of 0 and a loss guard that is off", () => {
    const config = readConfig({ ...GOOD, PUBLISH_INTERVAL_MS: "0", LOSS_GUARD: "off" });
    expect(config).toMatchObject({ publishIntervalMs: 0, lossGuard: undefined });
  });

  it("probes nodes unless it is told to leave that to the edge", () => {
    expect(readConfig(GOOD).healthChecks).toBe("on");
    expect(readConfig({ ...GOOD, HEALTH_CHECKS: "off" }).healthChecks).toBe("off");
    const problems = problemsOf(() => readConfig({ ...GOOD, HEALTH_CHECKS: "edge" }));
    expect(problems.HEALTH_CHECKS).toBe('"edge" → one of on, off');
  });

  it("allows an IPv6 address to listen on, and several endpoints", () => {
    const config = readConfig({
      ...GOOD,
      STATUS_LISTEN: "[::1]:9091",
      ETCD_ENDPOINTS: "http://a:2379, http://b:2379",
    });
    expect(config.statusListen).toEqual({ host: "::1", port: 9091 });
    expect(config.etcd.endpoints).toEqual(["http://a:2379", "http://b:2379"]);
  });

  it("asks this machine's DNS servers, or those that are named, for records in APISIX's order", () => {
    expect(readConfig(GOOD).dns).toEqual({
      servers: undefined,
      order: ["last", "SRV", "A", "AAAA", "CNAME"],
      timeoutMs: 2000,
      timing: { minTtlMs: 1000, maxTtlMs: 300_000, firstAnswerMs: 5000 },
    });
    const named = { ...GOOD, DNS_SERVERS: "10.0.0.1:8600, fd00::a", DNS_ORDER: "A,SRV" };
    expect(readConfig(named).dns).toMatchObject({
      servers: [
        { host: "10.0.0.1", port: 8600 },
        { host: "fd00::a", port: 53 },
      ],
      order: ["A", "SRV"],
    });
    const wrong = { DNS_SERVERS: "dns.test", DNS_ORDER: "A,MX", DNS_MIN_TTL_MS: "400000" };
    expect(Object.keys(problemsOf(() => readConfig({ ...GOOD, ...wrong }))).sort()).toEqual([
      "DNS_MAX_TTL_MS",
      "DNS_ORDER",
      "DNS_SERVERS",
    ]);
  });

  it("is told which upstreams the edge's bindings carry", () => {
    const told = { EDGE_UPSTREAM_BINDINGS: "upstreams/5, ssls/3,grpc" };
    for (const reach of [readConfig({ ...GOOD, ...told }).reach, readEdgeReach(told)]) {
      expect(reach.carries("ssls/3")).toBe(true);
      expect(reach.carries("grpc")).toBe(true);
      expect(reach.carries("upstreams/6")).toBe(false);
    }
    expect(readConfig(GOOD).reach.carries("grpc")).toBe(false);
    const kafka = { EDGE_UPSTREAM_BINDINGS: "kafka" };
    expect(problemsOf(() => readEdgeReach(kafka))).toHaveProperty("EDGE_UPSTREAM_BINDINGS");
  });

  it("for an operator's commands needs the store alone", () => {
    expect(readStoreConfig({ ...GOOD, ETCD_ENDPOINTS: "nonsense" }).namespace).toBe("default");
    const wrong = { ...GOOD, STATUS_LISTEN: "nonsense", ETCD_USER: "without a password" };
    expect(readStoreConfig(wrong).namespace).toBe("default");
  });

  it("lets the commands that only read etcd, or a file, go without a store", () => {
    expect(readEtcdConfig({ ETCD_PREFIX: "/a/" })).toMatchObject({
      prefix: "/a",
      router: "radixtree_host_uri",
    });
    expect(problemsOf(() => readEtcdConfig({ ETCD_USER: "u", STORE: "disk" }))).toEqual({
      ETCD_PASSWORD: "nothing → a value, since ETCD_USER is set",
    });
    expect(readRouter({ ROUTER: "radixtree_uri", ETCD_ENDPOINTS: "x" })).toBe("radixtree_uri");
  });
});
