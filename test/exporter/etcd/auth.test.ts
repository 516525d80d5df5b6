import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
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
import { type MirroredOptions, pause, startMirrored } from "../../support/mirrored-etcd.ts";

/** Users, passwords and tokens, with every login counted by etcd itself. */

const CALLS = 1000;

async function start(etcd: EtcdCluster, options: MirroredOptions = {}) {
  const timing = { deniedRetryMs: 300, reconnectMaxMs: 200 };
  const world = await startMirrored(etcd, { timing, mirror: MIRROR, direct: ROOT, ...options });
  onTestFinished(() => world.stop());
  return world;
}

function openTransport(etcd: EtcdCluster, login = MIRROR): EtcdTransport {
  const deps = { clock: systemClock, random: Math.random };
  const options = { endpoints: etcd.endpoints, callTimeoutMs: 20_000, ...login };
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

describeWithEtcd("with simple tokens that live 2 s", () => {
  let etcd: EtcdCluster;
  let root: AsRoot;

  beforeAll(async () => {
    etcd = await startEtcdServer({ flags: ["--auth-token-ttl", "2"] });
    root = await enableAuth(etcd);
    await root("role", "grant-permission", "mirror", "--prefix=true", "read", "/granted/");
  });
  afterAll(() => etcd?.stop());

  it("one login serves every call, and one more all calls that find it expired", async () => {
    const transport = openTransport(etcd);
    const before = await logins(etcd);
    expect(await failures(transport, 200)).toBe(0);
    expect(await failures(transport, 200)).toBe(0);
    expect(await logins(etcd)).toBe(before + 1);
    await pause(3500);
    expect(await failures(transport, CALLS)).toBe(0);
    expect(await logins(etcd)).toBe(before + 2);
  });

  it("a mirror whose token has expired logs in once when it reconnects", async () => {
    const world = await start(etcd);
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

  it("a mirror logs in again after etcd has restarted and forgotten its tokens", async () => {
    const world = await start(etcd);
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

  it("a mirror without permission says so, and heals when it is granted, also later", async () => {
    const world = await start(etcd);
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

  it("a mirror with a wrong password says so, and heals when the password is set right", async () => {
    const mirror = { user: MIRROR.user, password: "not yet" };
    const world = await start(etcd, { mirror });
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

describeWithEtcd("with JWT", () => {
  it("a change of any role makes all tokens old, and costs one login each", async () => {
    const etcd = await startEtcdServer({ flags: jwtFlags("5m") });
    onTestFinished(() => etcd.stop());
    const root = await enableAuth(etcd);
    await root("role", "grant-permission", "mirror", "--prefix=true", "read", "/");
    const world = await start(etcd);
    await world.live();
    const stopWriting = world.writer.keepWriting(5);
    await pause(200);
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

  it("one login serves a thousand calls that find the token expired", async () => {
    const etcd = await startEtcdServer({ flags: jwtFlags("3s") });
    onTestFinished(() => etcd.stop());
    const root = await enableAuth(etcd);
    await root("role", "grant-permission", "mirror", "--prefix=true", "read", "/granted/");
    const transport = openTransport(etcd);
    expect(await failures(transport, 1)).toBe(0);
    const before = await logins(etcd);
    await pause(4200);
    expect(await failures(transport, CALLS)).toBe(0);
    expect(await logins(etcd)).toBe(before + 1);
  });
});
