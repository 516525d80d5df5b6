import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../../exporter/clock.ts";
import { createEtcd3Transport, type EtcdTls } from "../../../exporter/etcd/etcd3-transport.ts";
import { type Authority, createAuthority } from "../../support/certificates.ts";
import { enableAuth, MIRROR } from "../../support/etcd-auth.ts";
import { describeWithEtcd, type EtcdCluster, startEtcdServer } from "../../support/etcd-server.ts";
import { pause, startMirrored } from "../../support/mirrored-etcd.ts";

/** etcd over TLS: whom we trust, and who we say we are. */

const deps = { clock: systemClock, random: () => 0 };

function read(etcd: EtcdCluster, tls: EtcdTls, login = {}) {
  const options = { endpoints: etcd.endpoints, callTimeoutMs: 2000, tls, ...login };
  const transport = createEtcd3Transport(options, deps);
  onTestFinished(() => transport.close());
  return transport.range({ key: "/key" });
}

describeWithEtcd("etcd with TLS, and a name that is not its address,", () => {
  let etcd: EtcdCluster;
  let trusted: Authority;

  beforeAll(async () => {
    trusted = createAuthority("trusted");
    const server = trusted.issue("etcd.internal", ["DNS:etcd.internal"]);
    etcd = await startEtcdServer({
      tls: {
        cert: server.cert.file,
        key: server.key.file,
        ctlFlags: ["--insecure-skip-tls-verify", "--insecure-transport=false"],
      },
    });
  });
  afterAll(() => etcd?.stop());

  it("is reached by the name in its certificate", async () => {
    const tls = { ca: trusted.ca.text, serverName: "etcd.internal" };
    await expect(read(etcd, tls)).resolves.toMatchObject({ kvs: [] });
  });

  it("is refused by its address", async () => {
    const refused = read(etcd, { ca: trusted.ca.text });
    await expect(refused).rejects.toMatchObject({ kind: "unavailable" });
  });

  it("is refused when another authority signed it, or none that Node.js knows", async () => {
    const stranger = createAuthority("stranger").ca.text;
    const serverName = "etcd.internal";
    await expect(read(etcd, { ca: stranger, serverName })).rejects.toThrow(/certificate/);
    await expect(read(etcd, { serverName })).rejects.toThrow(/certificate/);
  });

  it("is never spoken to in the clear when TLS is configured", () => {
    const endpoints = ["http://127.0.0.1:1"];
    const open = () => createEtcd3Transport({ endpoints, tls: { ca: trusted.ca.text } }, deps);
    expect(open).toThrow(/does not begin with https/);
  });

  it("takes the login over the same connection", async () => {
    const root = await enableAuth(etcd);
    await root("role", "grant-permission", "mirror", "read", "/key");
    const tls = { ca: trusted.ca.text, serverName: "etcd.internal" };
    await expect(read(etcd, tls)).rejects.toMatchObject({ kind: "stale-token" });
    await expect(read(etcd, tls, MIRROR)).resolves.toMatchObject({ kvs: [] });
  });
});

describeWithEtcd("etcd with mutual TLS", () => {
  let etcd: EtcdCluster;
  let tls: Required<Omit<EtcdTls, "serverName">>;
  let ca: string;

  beforeAll(async () => {
    const authority = createAuthority("trusted");
    const server = authority.issue("etcd", ["IP:127.0.0.1", "DNS:localhost"]);
    const client = authority.issue("exporter", ["DNS:exporter"]);
    ca = authority.ca.text;
    tls = { ca, cert: client.cert.text, key: client.key.text };
    etcd = await startEtcdServer({
      tls: {
        cert: server.cert.file,
        key: server.key.file,
        clientCa: authority.ca.file,
        ctlFlags: [
          ["--cacert", authority.ca.file],
          ["--cert", client.cert.file, "--key", client.key.file],
        ].flat(),
      },
    });
  });
  afterAll(() => etcd?.stop());

  it("refuses who shows no certificate", async () => {
    await expect(read(etcd, { ca })).rejects.toMatchObject({ kind: "unavailable" });
  });

  it("is mirrored through a cut without a loss", async () => {
    const world = await startMirrored(etcd, { mirror: { tls }, direct: { tls } });
    onTestFinished(() => world.stop());
    await world.live();
    const stopWriting = world.writer.keepWriting(3);
    await pause(200);
    world.proxy.reset();
    await pause(300);
    await stopWriting();
    expect(await world.verdict()).toEqual([]);
    expect(world.mirror.health().resyncs).toBe(0);
  });
});
