import { it, type TestContext } from "vitest";
import { systemClock } from "../../../exporter/clock.ts";
import { createEtcd3Transport } from "../../../exporter/etcd/etcd3-transport.ts";
import type { EtcdTransport } from "../../../exporter/etcd/transport.ts";
import {
  type AsRoot,
  enableAuth,
  jwtFlags,
  logins,
  MIRROR,
  ROOT,
} from "../../support/etcd-auth.ts";
import {
  describeWithEtcd,
  type EtcdCluster,
  startEtcdServer,
  until,
} from "../../support/etcd-server.ts";
import {
  type MirroredEtcd,
  type MirroredOptions,
  pause,
  startMirrored,
} from "../../support/mirrored-etcd.ts";

/** Users, passwords and tokens, with every login counted by etcd itself. */

const CALLS = 1000;

interface Server {
  readonly etcd: EtcdCluster;
  readonly root: AsRoot;
  start(options?: MirroredOptions): Promise<MirroredEtcd>;
}

/** Each test has an etcd of its own, so that it alone logs in there. */
async function withAuth(
  { onTestFinished }: TestContext,
  tokenFlags: readonly string[],
): Promise<Server> {
  const etcd = await startEtcdServer({ flags: tokenFlags });
  onTestFinished(() => etcd.stop());
  const root = await enableAuth(etcd);
  await root("role", "grant-permission", "mirror", "--prefix=true", "read", "/granted/");
  const timing = { deniedRetryMs: 300, reconnectMaxMs: 200 };
  return {
    etcd,
    root,
    start: async (options = {}) => {
      const logins = { mirror: MIRROR, direct: ROOT };
      const world = await startMirrored(etcd, { timing, ...logins, ...options });
      onTestFinished(() => world.stop());
      return world;
    },
  };
}

function openTransport(etcd: EtcdCluster, { onTestFinished }: TestContext): EtcdTransport {
  const deps = { clock: systemClock, random: Math.random };
  const options = { endpoints: etcd.endpoints, callTimeoutMs: 20_000, ...MIRROR };
  const transport = createEtcd3Transport(options, deps);
  onTestFinished(() => transport.close());
  return transport;
}

/** All at once; gives the number that failed. */
async function failures(transport: EtcdTransport, calls: number): Promise<number> {
  const key = "/granted/key";
  const all = Array.from({ length: calls }, () => transport.range({ key }));
  const settled = await Promise.allSettled(all);
  return settled.filter(({ status }) => status === "rejected").length;
}

const SIMPLE_2S = ["--auth-token-ttl", "2"];

describeWithEtcd.concurrent("with simple tokens that live 2 s", () => {
  it("one login serves every call, and one more all calls that find it expired", async (context) => {
    const { expect } = context;
    const { etcd } = await withAuth(context, SIMPLE_2S);
    const transport = openTransport(etcd, context);
    const before = await logins(etcd);
    expect(await failures(transport, 200)).toBe(0);
    expect(await failures(transport, 200)).toBe(0);
    expect(await logins(etcd)).toBe(before + 1);
    await pause(3500);
    expect(await failures(transport, CALLS)).toBe(0);
    expect(await logins(etcd)).toBe(before + 2);
  });

  it("a mirror whose token has expired logs in once when it reconnects", async (context) => {
    const { expect } = context;
    const { etcd, root, start } = await withAuth(context, SIMPLE_2S);
    const world = await start();
    const { writer, mirror, proxy, prefix } = world;
    await root("role", "grant-permission", "mirror", "--prefix=true", "read", prefix);
    await world.live();
    // The writer uses its token all the time, so it does not expire: the logins are the mirror's.
    const stopWriting = writer.keepWriting(20);
    await pause(3500);
    const before = await logins(etcd);
    proxy.reset();
    await until(() => mirror.health().reconnects > 1, "the cut is noticed");
    await world.live();
    await stopWriting();
    expect(await logins(etcd)).toBe(before + 1);
    expect(await world.verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it("a mirror logs in again after etcd has restarted and forgotten its tokens", async (context) => {
    const { expect } = context;
    const { etcd, root, start } = await withAuth(context, SIMPLE_2S);
    const world = await start();
    const { writer, mirror, prefix } = world;
    await root("role", "grant-permission", "mirror", "--prefix=true", "read", prefix);
    await world.live();
    const stopWriting = writer.keepWriting(5);
    await pause(200);
    await etcd.members[0]?.kill();
    await etcd.members[0]?.start();
    await until(() => mirror.health().state !== "live", "the restart is noticed");
    await world.live();
    await stopWriting();
    expect(await world.verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it("a mirror without permission says so, and heals when it is granted, also later", async (context) => {
    const { expect } = context;
    const { root, start } = await withAuth(context, SIMPLE_2S);
    const world = await start();
    const { writer, mirror, proxy, prefix } = world;
    const stopWriting = writer.keepWriting(10);
    await until(() => mirror.health().state === "denied", "it is denied");
    expect(mirror.health().lastError?.message).toMatch(/permission denied/);
    const grant = ["role", "grant-permission", "mirror", "--prefix=true", "read", prefix];
    await root(...grant);
    await world.live();

    await root("role", "revoke-permission", "mirror", "--prefix=true", prefix);
    // A stream that stands is not asked again by etcd; the next one is.
    proxy.reset();
    await until(() => mirror.health().state === "denied", "it is denied again");
    await pause(300);
    await root(...grant);
    await world.live();
    await stopWriting();
    expect(await world.verdict()).toEqual([]);
    expect(mirror.health().resyncs).toBe(0);
  });

  it("a mirror with a wrong password says so, and heals when the password is set right", async (context) => {
    const { expect } = context;
    const { root, start } = await withAuth(context, SIMPLE_2S);
    const mirror = { user: MIRROR.user, password: "not yet" };
    const world = await start({ mirror });
    await root("role", "grant-permission", "mirror", "--prefix=true", "read", world.prefix);
    await until(() => world.mirror.health().state === "denied", "it is denied");
    expect(world.mirror.health().lastError?.message).toMatch(/authentication failed/);
    await world.writer.write({ [`${world.prefix}routes/1`]: "1" });
    await root("user", "delete", "mirror");
    await root("user", "add", `${mirror.user}:${mirror.password}`);
    await root("user", "grant-role", "mirror", "mirror");
    await world.live();
    expect(await world.verdict()).toEqual([]);
  });
});

describeWithEtcd.concurrent("with JWT", () => {
  it("a change of any role makes all tokens old, and costs one login each", async (context) => {
    const { expect } = context;
    const { etcd, root, start } = await withAuth(context, jwtFlags("5m"));
    await root("role", "grant-permission", "mirror", "--prefix=true", "read", "/");
    const world = await start();
    await world.live();
    const stopWriting = world.writer.keepWriting(5);
    // Its own first login is none of those that are counted.
    await until(() => world.writer.history.length > 1, "the writer writes");
    const before = await logins(etcd);
    await root("role", "add", "another");
    world.proxy.reset();
    await until(() => world.mirror.health().reconnects > 0, "the cut is noticed");
    await world.live();
    await stopWriting();
    // etcdctl's own, the writer's and the mirror's.
    expect(await logins(etcd)).toBe(before + 3);
    expect(await world.verdict()).toEqual([]);
    expect(world.mirror.health().resyncs).toBe(0);
  });

  it("one login serves a thousand calls that find the token expired", async (context) => {
    const { expect } = context;
    const { etcd } = await withAuth(context, jwtFlags("3s"));
    const transport = openTransport(etcd, context);
    expect(await failures(transport, 1)).toBe(0);
    const before = await logins(etcd);
    await pause(4200);
    expect(await failures(transport, CALLS)).toBe(0);
    expect(await logins(etcd)).toBe(before + 1);
  });
});
