import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe } from "vitest";
import { freePort } from "../../examples/quick-start/ports.ts";

/** Real etcd servers as child processes, for the tests of faults that only the real thing has. */

const run = promisify(execFile);

export function etcdIsInstalled(): boolean {
  return isOnPath("etcd") && isOnPath("etcdctl");
}

/**
 * Tests that need a real etcd: skipped by name where there is none on the PATH, except in CI, where they
 * then fail.
 */
export const describeWithEtcd = etcdIsInstalled() || process.env.CI ? describe : describe.skip;

export interface EtcdMember {
  readonly name: string;
  readonly clientUrl: string;
  readonly port: number;
  isRunning(): boolean;
  /** Starts the process (again, on the same data), and waits until it listens. */
  start(): Promise<void>;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
  /** SIGSTOP: the process stays, its connections too, and nothing answers. */
  freeze(): void;
  thaw(): void;
}

export interface EtcdCluster {
  readonly members: readonly EtcdMember[];
  readonly endpoints: readonly string[];
  /** `etcdctl` against all members; gives what it prints. */
  ctl(args: readonly string[]): Promise<string>;
  /** Waits until a linearizable read is answered. */
  ready(): Promise<void>;
  /** The member that leads now. */
  leader(): Promise<EtcdMember>;
  /** The sum, over the members that answer, of a counter in etcd's own metrics. */
  counter(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
  /** A file with all of etcd's keys, for `restore`. */
  backup(): Promise<string>;
  /** Kills the (single) member and starts it on the backup's data. */
  restore(backup: string): Promise<void>;
  /** Kills the (single) member and starts another, empty cluster on the same address. */
  replace(): Promise<void>;
  stop(): Promise<void>;
}

export interface EtcdServerOptions {
  /** Default 1. */
  readonly members?: number;
  /** Further flags of etcd, e.g. `["--auth-token", "jwt,..."]`. */
  readonly flags?: readonly string[];
  /** Clients speak TLS; with `clientCa`, only those with a certificate of it. */
  readonly tls?: ServerTls;
  readonly heartbeatMs?: number;
}

/** Names of PEM files. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
  /** What `etcdctl` needs to connect, as flags. */
  readonly ctlFlags: readonly string[];
}

export async function startEtcdServer(options: EtcdServerOptions = {}): Promise<EtcdCluster> {
  const folder = mkdtempSync(join(tmpdir(), "snapgate-etcd-"));
  const count = options.members ?? 1;
  const scheme = options.tls ? "https" : "http";
  const plans: MemberPlan[] = [];
  for (let i = 1; i <= count; i++) {
    const port = await freePort();
    const peer = await freePort();
    plans.push({
      name: `n${i}`,
      port,
      clientUrl: `${scheme}://127.0.0.1:${port}`,
      peerUrl: `http://127.0.0.1:${peer}`,
      metricsUrl: `http://127.0.0.1:${await freePort()}`,
      dataDir: join(folder, `n${i}`),
    });
  }
  const state = { token: "first" };
  const members = plans.map((plan) => member(plan, plans, options, state));
  const cluster = assemble(members, plans, folder, options, state);
  await Promise.all(members.map((each) => each.start()));
  await cluster.ready();
  return cluster;
}

interface MemberPlan {
  readonly name: string;
  readonly port: number;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly metricsUrl: string;
  readonly dataDir: string;
}

function member(
  plan: MemberPlan,
  all: readonly MemberPlan[],
  options: EtcdServerOptions,
  state: { readonly token: string },
): EtcdMember {
  let child: ChildProcess | undefined;
  const isRunning = () =>
    child !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    name: plan.name,
    clientUrl: plan.clientUrl,
    port: plan.port,
    isRunning,
    start: async () => {
      const args = [...flags(plan, all, state.token), ...serverFlags(options)];
      const started = spawn("etcd", args, { stdio: ["ignore", "ignore", "pipe"] });
      child = started;
      let said = "";
      started.stderr?.on("data", (text) => {
        said = `${said}${text}`.slice(-4000);
      });
      await until(async () => {
        if (started.exitCode !== null) throw new Error(`etcd ended: ${said}`);
        return fetch(`${plan.metricsUrl}/metrics`).then(
          (response) => response.ok,
          () => false,
        );
      }, `etcd listens on ${plan.metricsUrl}`);
    },
    kill: async () => {
      if (!child || !isRunning()) return;
      const ended = new Promise((resolve) => child?.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
  };
}

function assemble(
  members: readonly EtcdMember[],
  plans: readonly MemberPlan[],
  folder: string,
  options: EtcdServerOptions,
  state: { token: string },
): EtcdCluster {
  const endpoints = plans.map(({ clientUrl }) => clientUrl);
  const ctl = async (args: readonly string[]) => {
    const common = ["--endpoints", endpoints.join(","), ...(options.tls?.ctlFlags ?? [])];
    const { stdout } = await run("etcdctl", [...common, ...args], {
      env: { ...process.env, ETCDCTL_API: "3" },
      maxBuffer: 64 << 20,
    });
    return stdout;
  };
  const ready = () =>
    until(
      () =>
        ctl(["get", "/ready", "--command-timeout=2s"]).then(
          () => true,
          (error) => /permission denied|user name is empty/.test(String(error)),
        ),
      "etcd answers a read",
    );
  const only = () => {
    const [first, second] = members;
    const [plan] = plans;
    if (!first || !plan || second) throw new Error("only for a cluster of one");
    return { first, plan };
  };

  return {
    members,
    endpoints,
    ctl,
    ready,
    leader: async () => {
      for (const [i, plan] of plans.entries()) {
        if ((await metric(plan, "etcd_server_is_leader", {})) === 1) {
          return members[i] as EtcdMember;
        }
      }
      throw new Error("no member leads");
    },
    counter: async (name, labels = {}) => {
      const all = await Promise.all(plans.map((plan) => metric(plan, name, labels)));
      return all.reduce((sum, each) => sum + each, 0);
    },
    backup: async () => {
      const file = join(folder, `backup-${Date.now()}.db`);
      await ctl(["snapshot", "save", file]);
      return file;
    },
    restore: async (backup) => {
      const { first, plan } = only();
      await first.kill();
      rmSync(plan.dataDir, { recursive: true, force: true });
      const names = ["--name", plan.name, "--initial-cluster", `${plan.name}=${plan.peerUrl}`];
      const urls = ["--initial-advertise-peer-urls", plan.peerUrl, "--data-dir", plan.dataDir];
      const token = ["--initial-cluster-token", state.token];
      await run("etcdctl", ["snapshot", "restore", backup, ...names, ...urls, ...token], {
        env: { ...process.env, ETCDCTL_API: "3" },
      });
      await first.start();
      await ready();
    },
    replace: async () => {
      const { first, plan } = only();
      await first.kill();
      rmSync(plan.dataDir, { recursive: true, force: true });
      state.token = `${state.token}-again`;
      await first.start();
      await ready();
    },
    stop: async () => {
      await Promise.all(members.map((each) => each.kill()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function flags(plan: MemberPlan, all: readonly MemberPlan[], token: string): string[] {
  return [
    ["--name", plan.name],
    ["--data-dir", plan.dataDir],
    ["--listen-client-urls", plan.clientUrl],
    ["--advertise-client-urls", plan.clientUrl],
    ["--listen-peer-urls", plan.peerUrl],
    ["--initial-advertise-peer-urls", plan.peerUrl],
    ["--listen-metrics-urls", plan.metricsUrl],
    ["--initial-cluster", all.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",")],
    ["--initial-cluster-token", token],
    ["--log-level", "error"],
    // Many etcds share this disk, and a killed process loses nothing that the system has taken.
    ["--unsafe-no-fsync"],
  ].flat();
}

function serverFlags({ flags: extra = [], tls, heartbeatMs }: EtcdServerOptions): string[] {
  const all = [...extra, "--metrics", "extensive"];
  if (heartbeatMs !== undefined) {
    all.push("--heartbeat-interval", `${heartbeatMs}`, "--election-timeout", `${heartbeatMs * 10}`);
  }
  if (tls) all.push("--cert-file", tls.cert, "--key-file", tls.key);
  if (tls?.clientCa) all.push("--client-cert-auth", "--trusted-ca-file", tls.clientCa);
  return all;
}

async function metric(
  plan: MemberPlan,
  name: string,
  labels: Readonly<Record<string, string>>,
): Promise<number> {
  const response = await fetch(`${plan.metricsUrl}/metrics`, {
    signal: AbortSignal.timeout(5000),
  }).catch(() => undefined);
  const text = (await response?.text()) ?? "";
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((pair) => line.includes(pair)))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

/** Polls until `isTrue`; an error says what never came. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what: string | (() => string),
  limitMs = 20_000,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await isTrue())) {
    const missing = typeof what === "string" ? what : what();
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${missing}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

function isOnPath(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;
}
