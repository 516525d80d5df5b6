import { expect, it } from "vitest";
import type { HealthLimits, Observation } from "../../shared/health/node-health.ts";
import { anOverlay, checkedWorld, KEY, someChecks } from "../support/checked-world.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";

const WORLDS = Number(process.env.FUZZ_WORLDS ?? 300);
const EVENTS_PER_WORLD = 400;
const ADDRESSES = ["a:80", "b:80", "c:80"];
const FAILURES = ["http-failure", "tcp-failure", "timeout"] as const;
const REVIVAL_MS = 3 * 2 * 1000;

it("nodes are left out as APISIX's rules, told plainly, leave them out", () => {
  const random = seededRandom(runSeed());
  let turns = 0;
  for (let i = 0; i < WORLDS; i++) turns += tryWorld(random);
  expect(turns, `seed ${random.seed}`).toBeGreaterThan(WORLDS);
});

/** One node as apisix.md 5.6 has it: written for reading, not for speed. */
class PlainNode {
  out: number | undefined;
  counts = { success: 0, "http-failure": 0, "tcp-failure": 0, timeout: 0 };

  observe(kind: Observation, limits: HealthLimits, now: number): void {
    if (limits[kind] === 0) return;
    const isHealthy = this.out === undefined;
    if (kind === "success") for (const failure of FAILURES) this.counts[failure] = 0;
    else this.counts.success = 0;
    if ((kind === "success") === isHealthy) return;
    this.counts[kind] += 1;
    if (this.counts[kind] < limits[kind]) return;
    this.reset();
    this.out = isHealthy ? now : undefined;
  }

  reset(): void {
    this.out = undefined;
    this.counts = { success: 0, "http-failure": 0, "tcp-failure": 0, timeout: 0 };
  }
}

/** Returns how often what is left out has changed. */
function tryWorld(random: Random): number {
  const limits: HealthLimits = {
    success: random.below(4),
    "http-failure": random.below(4),
    "tcp-failure": random.below(4),
    timeout: random.below(4),
  };
  const world = checkedWorld(ADDRESSES, checksOf(limits));
  const plain = new Map(ADDRESSES.map((address) => [address, new PlainNode()]));
  let overlay: { at: number; down: readonly string[] } | undefined;
  let before = "";
  let turns = 0;
  for (let i = 0; i < EVENTS_PER_WORLD; i++) {
    const address = random.pick(ADDRESSES);
    if (random.chance(0.1)) world.clock.now += random.below(8000);
    if (random.chance(0.05)) {
      overlay = { at: world.clock.now, down: ADDRESSES.filter(() => random.chance(0.2)) };
      world.verdicts.accept("exporter", anOverlay(overlay.at, { [KEY]: overlay.down }));
    }
    const kind = random.pick(["success", ...FAILURES, ...FAILURES] as const);
    attempt(world, address, kind);
    plain.get(address)?.observe(kind, limits, world.clock.now);
    const isFresh = overlay !== undefined && world.clock.now < overlay.at + 30_000;
    const expected = expectedUsable(plain, isFresh ? overlay : undefined, world.clock.now);
    const found = world.usable();
    expect(found, `seed ${random.seed}`).toEqual(expected);
    if (found.join() !== before) turns += 1;
    before = found.join();
  }
  return turns;
}

function expectedUsable(
  plain: ReadonlyMap<string, PlainNode>,
  overlay: { readonly at: number; readonly down: readonly string[] } | undefined,
  now: number,
): string[] {
  for (const [address, node] of plain) {
    if (node.out === undefined) continue;
    const isBack = overlay
      ? overlay.at > node.out + REVIVAL_MS && !overlay.down.includes(address)
      : now >= node.out + 10_000;
    if (isBack) node.reset();
  }
  const healthy = ADDRESSES.filter(
    (address) => plain.get(address)?.out === undefined && !overlay?.down.includes(address),
  );
  return healthy.length > 0 ? healthy : [...ADDRESSES];
}

function attempt(world: ReturnType<typeof checkedWorld>, address: string, kind: Observation): void {
  if (kind === "success") world.answered(address, 200);
  else if (kind === "http-failure") world.answered(address, 500);
  else world.failed(address, kind === "timeout" ? "timeout" : "tcp");
}

function checksOf(limits: HealthLimits) {
  return someChecks(
    {
      healthy: { http_statuses: [200], successes: limits.success },
      unhealthy: {
        http_statuses: [500],
        http_failures: limits["http-failure"],
        tcp_failures: limits["tcp-failure"],
        timeouts: limits.timeout,
      },
    },
    {
      healthy: { interval: 1, http_statuses: [200], successes: 2 },
      unhealthy: { interval: 3, http_statuses: [500], http_failures: 1 },
    },
  );
}
