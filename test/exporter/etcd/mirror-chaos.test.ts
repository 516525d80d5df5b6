import { it } from "vitest";
import { enableAuth, MIRROR, ROOT } from "../../support/etcd-auth.ts";
import { describeWithEtcd, startEtcdServer } from "../../support/etcd-server.ts";
import { pause, startMirrored } from "../../support/mirrored-etcd.ts";

/**
 * Every fault that loses no history, at random, under continuous writes and short-lived tokens. Longer:
 * `CHAOS_SECONDS=300`; the same again: `SEED=...`.
 */

const SECONDS = Number(process.env.CHAOS_SECONDS ?? 5);

describeWithEtcd("a mirror in chaos", () => {
  it(
    "has seen every acknowledged write once and in order when the dust settles",
    async ({ expect, onTestFinished }) => {
      const etcd = await startEtcdServer({ flags: ["--auth-token-ttl", "2"] });
      onTestFinished(() => etcd.stop());
      const root = await enableAuth(etcd);
      await root("role", "grant-permission", "mirror", "--prefix=true", "read", "/");
      const world = await startMirrored(etcd, {
        mirror: MIRROR,
        direct: ROOT,
        timing: { progressEveryMs: 300, silenceLimitMs: 900, auditEveryMs: 700 },
      });
      onTestFinished(() => world.stop());
      await world.live();
      const { writer, proxy, mirror, random, troubles } = world;
      const [member] = etcd.members;
      if (!member) throw new Error("no member");

      const faults = {
        reset: async () => proxy.reset(),
        flap: async () => {
          for (let i = 0; i < 8; i++) {
            proxy.reset();
            await pause(random.below(80));
          }
        },
        "black hole": async () => {
          proxy.blackHole();
          await pause(random.below(2500));
          proxy.mend();
        },
        outage: async () => {
          proxy.down();
          await pause(random.below(1000));
          proxy.mend();
        },
        freeze: async () => {
          member.freeze();
          await pause(random.below(1500));
          member.thaw();
        },
        kill: async () => {
          await member.kill();
          await member.start();
        },
        "compact while away": async () => {
          proxy.down();
          await pause(random.below(300));
          const { revision } = writer.history[writer.history.length - 1 - random.below(3)] ?? {};
          if (revision) await root("compact", `${revision}`).catch(() => {});
          proxy.mend();
        },
      };
      const stopWriting = writer.keepWriting(3);
      const end = Date.now() + SECONDS * 1000;
      const done: string[] = [];
      while (Date.now() < end) {
        await pause(random.below(400));
        const name = random.pick(Object.keys(faults) as (keyof typeof faults)[]);
        done.push(name);
        await faults[name]();
      }
      const writes = await stopWriting();
      console.log(`${writes} writes, ${done.length} faults: ${done.join(", ")}`);
      console.log(JSON.stringify({ ...mirror.health(), troubles: troubles.length }));
      expect(await world.verdict()).toEqual([]);
      expect(mirror.health().auditMismatches).toBe(0);
    },
    SECONDS * 1000 + 60_000,
  );
});
