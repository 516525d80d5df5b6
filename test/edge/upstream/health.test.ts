import { describe, expect, it } from "vitest";
import { balancerDeps, createBalancer } from "../../../edge/balancer/create-balancer.ts";
import { ActiveVerdicts } from "../../../edge/health/active-verdicts.ts";
import { CheckedUpstream } from "../../../edge/health/checked-upstream.ts";
import type { Upstream } from "../../../shared/resources/upstream.ts";
import { anOverlay, someChecks } from "../../support/checked-world.ts";
import {
  anUpstream,
  deadPort,
  nodesOf,
  type ScriptedUpstream,
  scriptedUpstream,
  through,
  WAYS,
} from "../../support/proxy-world.ts";
import { answering, headOf, reset } from "../../support/upstream-scripts.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const BUSY = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const KEY = "upstreams/1";

/** Requests through one upstream whose balancer and health stay, as a pool keeps them. */
function checked(upstream: Upstream) {
  const now = () => Date.now();
  const verdicts = new ActiveVerdicts(now);
  const health = new CheckedUpstream(KEY, upstream, { verdicts, now });
  const balancer = createBalancer(upstream, balancerDeps({ now, random: () => 0 }));
  const get = async () => {
    const answer = await through(upstream, {}, { balancer, health }).catch((error) => error);
    return Number(answer.status);
  };
  return {
    verdicts,
    get,
    times: async (count: number) => {
      const statuses: number[] = [];
      for (let i = 0; i < count; i++) statuses.push(await get());
      return statuses;
    },
  };
}

const attempts = async (upstream: ScriptedUpstream) => (await upstream.seen()).length;

describe.each(WAYS)("passive checks by %s", (way) => {
  it("leave a node out after two broken connections, each of which another made good", async () => {
    const broken = await scriptedUpstream([headOf(), reset()]);
    const good = await scriptedUpstream(answering(OK));
    const nodes = nodesOf(way, broken.port, good.port);
    const { times } = checked(anUpstream({ nodes, checks: someChecks() }));
    expect(await times(20)).toEqual(new Array(20).fill(200));
    expect(await attempts(broken)).toBe(2);
    expect(await attempts(good)).toBe(20);
  });

  it("leave a node out after five answers of 503, which clients have seen", async () => {
    const busy = await scriptedUpstream(answering(BUSY));
    const good = await scriptedUpstream(answering(OK));
    const nodes = nodesOf(way, busy.port, good.port);
    const { times } = checked(anUpstream({ nodes, checks: someChecks() }));
    const statuses = await times(20);
    expect(statuses.filter((status) => status === 503)).toHaveLength(5);
    expect(await attempts(busy)).toBe(5);
    expect(await attempts(good)).toBe(15);
  });

  it("try all nodes again once none is left", async () => {
    const first = await scriptedUpstream(answering(BUSY));
    const second = await scriptedUpstream(answering(BUSY));
    const nodes = nodesOf(way, first.port, second.port);
    const { times } = checked(anUpstream({ nodes, checks: someChecks() }));
    expect(await times(20)).toEqual(new Array(20).fill(503));
    expect(await attempts(first)).toBe(10);
    expect(await attempts(second)).toBe(10);
  });

  it("do not count a last attempt that was refused, whose 502 is in no list, as in APISIX", async () => {
    const [dead, good] = [await deadPort(), await scriptedUpstream(answering(OK))];
    const nodes = nodesOf(way, dead, good.port);
    const { times } = checked(anUpstream({ nodes, retries: 0, checks: someChecks() }));
    const statuses = await times(20);
    expect(statuses.filter((status) => status === 502)).toHaveLength(10);
    const counted = checked(
      anUpstream({
        nodes,
        retries: 0,
        checks: someChecks({ unhealthy: { http_statuses: [502], http_failures: 3 } }),
      }),
    );
    expect((await counted.times(20)).filter((status) => status === 502)).toHaveLength(3);
  });

  it("change nothing for an only node", async () => {
    const busy = await scriptedUpstream(answering(BUSY));
    const { times } = checked(anUpstream({ nodes: nodesOf(way, busy.port), checks: someChecks() }));
    expect(await times(12)).toEqual(new Array(12).fill(503));
  });
});

describe("a node that an overlay calls dead", () => {
  it("is not tried, and is again with the next overlay", async () => {
    const first = await scriptedUpstream(answering(OK));
    const second = await scriptedUpstream(answering(OK));
    const nodes = nodesOf("socket", first.port, second.port);
    const { times, verdicts } = checked(anUpstream({ nodes, checks: someChecks() }));
    const down = { [KEY]: [`127.0.0.1:${first.port}`] };
    verdicts.accept("exporter", anOverlay(Date.now(), down));
    expect(await times(6)).toEqual(new Array(6).fill(200));
    expect([await attempts(first), await attempts(second)]).toEqual([0, 6]);
    verdicts.accept("exporter", anOverlay(Date.now()));
    await times(6);
    expect([await attempts(first), await attempts(second)]).toEqual([3, 9]);
  });
});
