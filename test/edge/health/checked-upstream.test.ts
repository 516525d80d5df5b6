import { describe, expect, it } from "vitest";
import { BalancerPool } from "../../../edge/balancer/balancer-pool.ts";
import { ALWAYS_HEALTHY } from "../../../edge/balancer/upstream-health.ts";
import { ActiveVerdicts } from "../../../edge/health/active-verdicts.ts";
import { CheckedUpstream } from "../../../edge/health/checked-upstream.ts";
import {
  anOverlay,
  checkedUpstream,
  checkedWorld,
  KEY,
  someChecks,
  watched,
} from "../../support/checked-world.ts";

const TWO = ["a:80", "b:80"];
const SECOND = 1000;

describe("what takes a node out", () => {
  it.each([
    ["refused connections", 2, "tcp"],
    ["time-outs", 7, "timeout"],
  ] as const)("%s: as many as APISIX's default says, and no fewer", (_name, limit, kind) => {
    const { failed, usable } = checkedWorld(TWO, someChecks());
    failed("a:80", kind, limit - 1);
    expect(usable()).toEqual(TWO);
    failed("a:80", kind);
    expect(usable()).toEqual(["b:80"]);
  });

  it.each([429, 500, 503])("five answers of %i", (status) => {
    const { answered, usable } = checkedWorld(TWO, someChecks());
    answered("a:80", status, 4);
    expect(usable()).toEqual(TWO);
    answered("a:80", status);
    expect(usable()).toEqual(["b:80"]);
  });

  it("a configured number, of configured statuses", () => {
    const unhealthy = { http_statuses: [418], http_failures: 1, tcp_failures: 3, timeouts: 2 };
    const { answered, failed, usable } = checkedWorld(
      ["a:80", "b:80", "c:80", "d:80"],
      someChecks({ unhealthy }),
    );
    answered("a:80", 418);
    failed("b:80", "tcp", 3);
    failed("c:80", "timeout", 1);
    answered("d:80", 500, 50);
    expect(usable()).toEqual(["c:80", "d:80"]);
  });

  it("not a status of neither list, such as the 502 of a last attempt that was refused", () => {
    const { answered, usable } = checkedWorld(TWO, someChecks());
    for (const status of [502, 504, 404, 499]) answered("a:80", status, 50);
    expect(usable()).toEqual(TWO);
  });

  it("not failures between which a good answer came", () => {
    const { answered, failed, usable } = checkedWorld(TWO, someChecks());
    for (let i = 0; i < 20; i++) {
      failed("a:80", "tcp");
      answered("a:80", 200);
    }
    expect(usable()).toEqual(TWO);
  });

  it("good answers count for nothing where `healthy` is left out or its number is 0", () => {
    const zero = { http_statuses: [200], successes: 0 };
    for (const healthy of [undefined, zero]) {
      const { answered, failed, usable } = checkedWorld(TWO, someChecks({ healthy }));
      failed("a:80", "tcp");
      answered("a:80", 200);
      failed("a:80", "tcp");
      expect(usable()).toEqual(["b:80"]);
    }
  });

  it("kinds of failure are counted apart, as they are in APISIX", () => {
    const { answered, failed, usable } = checkedWorld(TWO, someChecks());
    failed("a:80", "tcp", 1);
    failed("a:80", "timeout", 6);
    answered("a:80", 500, 4);
    expect(usable()).toEqual(TWO);
    answered("a:80", 500);
    expect(usable()).toEqual(["b:80"]);
  });

  it("nothing of a kind whose number is 0", () => {
    const unhealthy = { http_statuses: [500], http_failures: 0, tcp_failures: 0, timeouts: 0 };
    const { answered, failed, usable } = checkedWorld(TWO, someChecks({ unhealthy }));
    failed("a:80", "tcp", 300);
    failed("a:80", "timeout", 300);
    answered("a:80", 500, 300);
    expect(usable()).toEqual(TWO);
  });

  it("nothing where there is no `passive`, or no `unhealthy` in it", () => {
    const { active } = someChecks();
    for (const checks of [{ active }, someChecks({ unhealthy: undefined })]) {
      const { failed, usable } = checkedWorld(TWO, checks);
      failed("a:80", "tcp", 300);
      expect(usable()).toEqual(TWO);
    }
  });
});

describe("all nodes are used", () => {
  it("once none is healthy, and good answers then bring one back", () => {
    const { answered, failed, usable } = checkedWorld(TWO, someChecks());
    failed("a:80", "tcp", 2);
    failed("b:80", "tcp", 2);
    expect(usable()).toEqual(TWO);
    answered("b:80", 200, 4);
    expect(usable()).toEqual(TWO);
    answered("b:80", 200);
    expect(usable()).toEqual(["b:80"]);
  });

  it("where only one of weight 0 is healthy, which gets no requests", () => {
    const { failed, usable } = checkedWorld(["a:80", "b:80=0"], someChecks());
    failed("a:80", "tcp", 2);
    expect(usable()).toEqual(["a:80", "b:80"]);
  });

  it("and an only node always", () => {
    const { clock, failed, usable, verdicts } = checkedWorld(["a:80"], someChecks());
    failed("a:80", "tcp", 300);
    verdicts.accept("exporter", anOverlay(clock.now, { [KEY]: ["a:80"] }));
    expect(usable()).toEqual(["a:80"]);
  });
});

describe("a node that requests have taken out", () => {
  const ACTIVE = {
    healthy: { interval: 1, http_statuses: [200], successes: 3 },
    unhealthy: {
      interval: 5,
      http_statuses: [500],
      http_failures: 5,
      tcp_failures: 2,
      timeouts: 3,
    },
  };

  function takenOut(active: object = ACTIVE) {
    const world = checkedWorld(TWO, someChecks({}, active));
    world.failed("a:80", "tcp", 2);
    const told = (change: Parameters<typeof anOverlay>[1] = {}) =>
      world.verdicts.accept("exporter", anOverlay(world.clock.now, change));
    return { ...world, told };
  }

  it("comes back by probes: once they had 3 x 5 s to see it alive, and do not call it dead", () => {
    const { clock, told, usable } = takenOut();
    clock.now += 15 * SECOND;
    told();
    expect(usable()).toEqual(["b:80"]);
    clock.now += 1;
    told();
    expect(usable()).toEqual(TWO);
  });

  it("stays out as long as probes call it dead", () => {
    const { clock, told, usable } = takenOut();
    for (let i = 0; i < 20; i++) {
      clock.now += 20 * SECOND;
      told({ [KEY]: ["a:80"] });
      expect(usable()).toEqual(["b:80"]);
    }
    told();
    expect(usable()).toEqual(TWO);
  });

  it("is tried again after max(15, 10) s where nobody tells, and counts from zero then", () => {
    const { clock, failed, usable } = takenOut();
    clock.now += 15 * SECOND - 1;
    expect(usable()).toEqual(["b:80"]);
    clock.now += 1;
    expect(usable()).toEqual(TWO);
    failed("a:80", "tcp");
    expect(usable()).toEqual(TWO);
    failed("a:80", "tcp");
    expect(usable()).toEqual(["b:80"]);
  });

  it("waits 10 s where probes would take less", () => {
    const { clock, usable } = takenOut({});
    clock.now += 10 * SECOND - 1;
    expect(usable()).toEqual(["b:80"]);
    clock.now += 1;
    expect(usable()).toEqual(TWO);
  });

  it("is tried again after 10 s where dead nodes are not probed, whatever is told", () => {
    const { clock, told, usable } = takenOut({ unhealthy: undefined });
    clock.now += 10 * SECOND - 1;
    told();
    expect(usable()).toEqual(["b:80"]);
    clock.now += 1;
    expect(usable()).toEqual(TWO);
  });

  it("is not brought back by who does not look: its checks are left to the other", () => {
    const { clock, usable, verdicts } = takenOut();
    clock.now += 14 * SECOND;
    const left = () => verdicts.accept("exporter", anOverlay(clock.now, {}, { leftToEdge: [KEY] }));
    left();
    verdicts.accept("edge", anOverlay(clock.now));
    clock.now += 2 * SECOND;
    left();
    expect(usable()).toEqual(["b:80"]);
    verdicts.accept("edge", anOverlay(clock.now));
    expect(usable()).toEqual(TWO);
  });
});

describe("a node that probes call dead", () => {
  it("is left out at once, and back with the next overlay", () => {
    const { clock, usable, verdicts } = checkedWorld(TWO, someChecks());
    verdicts.accept("exporter", anOverlay(clock.now, { [KEY]: ["a:80"], "upstreams/2": ["b:80"] }));
    expect(usable()).toEqual(["b:80"]);
    verdicts.accept("exporter", anOverlay(clock.now));
    expect(usable()).toEqual(TWO);
  });

  it("is left out as long as the overlay is valid and no longer", () => {
    const { clock, usable, verdicts } = checkedWorld(TWO, someChecks());
    verdicts.accept("exporter", anOverlay(clock.now, { [KEY]: ["a:80"] }, { validSeconds: 30 }));
    clock.now += 30 * SECOND - 1;
    expect(usable()).toEqual(["b:80"]);
    clock.now += 1;
    expect(usable()).toEqual(TWO);
  });

  it("is left out no longer by a writer whose clock is a year ahead", () => {
    const { clock, usable, verdicts } = checkedWorld(TWO, someChecks());
    const ahead = anOverlay(clock.now + 365 * 86_400 * SECOND, { [KEY]: ["a:80"] });
    verdicts.accept("exporter", ahead);
    expect(usable()).toEqual(["b:80"]);
    clock.now += 20 * SECOND;
    verdicts.accept("exporter", ahead);
    expect(usable()).toEqual(["b:80"]);
    clock.now += 10 * SECOND;
    expect(usable()).toEqual(TWO);
  });

  it("is one that either names", () => {
    const nodes = ["a:80", "b:80", "c:80"];
    const { clock, usable, verdicts } = checkedWorld(nodes, someChecks());
    verdicts.accept("exporter", anOverlay(clock.now, { [KEY]: ["a:80"] }));
    verdicts.accept("edge", anOverlay(clock.now, { [KEY]: ["b:80"] }));
    expect(usable()).toEqual(["c:80"]);
    clock.now += 31 * SECOND;
    verdicts.accept("edge", anOverlay(clock.now, { [KEY]: ["b:80"] }));
    expect(usable()).toEqual(["a:80", "c:80"]);
  });

  it("is named with its scheme's own port where it has none", () => {
    const { clock, deps, verdicts } = checkedWorld(TWO, someChecks());
    const nodes = [
      { host: "a", weight: 1, priority: 0 },
      { host: "b", port: 443, weight: 1, priority: 0 },
    ];
    const upstream = { ...checkedUpstream([], someChecks()), scheme: "https", nodes };
    verdicts.accept("exporter", anOverlay(clock.now, { [KEY]: ["a:443"] }));
    const isUsable = new CheckedUpstream(KEY, upstream, deps).usable();
    expect(nodes.map(isUsable)).toEqual([false, true]);
  });
});

describe("an only node", () => {
  it("stays usable when it is found dead by the request that goes by another dead node's verdict", () => {
    const { clock, failed, health, verdicts } = checkedWorld(["a:80"], someChecks());
    // The overlay still names a node that the configuration has no more.
    verdicts.accept("exporter", anOverlay(clock.now, { [KEY]: ["gone:80"] }));
    const isUsable = health.usable();
    failed("a:80", "tcp", 2);
    expect(isUsable({ host: "a", port: 80, weight: 1, priority: 0 })).toBe(true);
    expect(health.takenOut).toBe(1);
  });
});

describe("the pool's state of an upstream", () => {
  const verdicts = new ActiveVerdicts(() => 0);
  const aPool = () => new BalancerPool({ now: () => 0, random: () => 0, verdicts });
  const THREE = [...TWO, "c:80"];
  const stateIn = (pool: BalancerPool, nodes: readonly string[], checks = someChecks()) => {
    const upstream = checkedUpstream(nodes, checks);
    return watched(pool.stateOf(KEY, upstream).health as CheckedUpstream, upstream);
  };

  it("is that of an always healthy one without checks", () => {
    expect(aPool().stateOf(KEY, checkedUpstream(TWO, undefined)).health).toBe(ALWAYS_HEALTHY);
  });

  it("stays with nodes that stay, counters and all, and goes with those that go", () => {
    const pool = aPool();
    const before = stateIn(pool, THREE);
    before.failed("a:80", "tcp", 2);
    before.failed("b:80", "tcp", 1);
    before.failed("c:80", "tcp", 2);
    const after = stateIn(pool, [...TWO, "d:80"]);
    expect(after.usable()).toEqual(["b:80", "d:80"]);
    after.failed("b:80", "tcp", 1);
    expect(after.usable()).toEqual(["d:80"]);
    expect(stateIn(pool, [...THREE, "d:80"]).usable()).toEqual(["c:80", "d:80"]);
    expect(pool.takenOut).toBe(2);
  });

  it("does not count nodes that have served their time out where no request asks any more", () => {
    const clock = { now: 0 };
    const now = () => clock.now;
    const pool = new BalancerPool({ now, random: () => 0, verdicts: new ActiveVerdicts(now) });
    stateIn(pool, TWO).failed("a:80", "tcp", 2);
    pool.stateOf(KEY, checkedUpstream(TWO, undefined));
    expect(pool.takenOut).toBe(1);
    clock.now += 10 * SECOND;
    expect(pool.takenOut).toBe(0);
  });

  it("begins anew with other checks", () => {
    const pool = aPool();
    stateIn(pool, TWO).failed("a:80", "tcp", 2);
    const other = someChecks({ healthy: undefined });
    expect(stateIn(pool, TWO, other).usable()).toEqual(TWO);
    expect(pool.takenOut).toBe(0);
  });
});
