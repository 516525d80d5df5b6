import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Discovery } from "../../../exporter/discovery/discovery.ts";
import { DnsError } from "../../../exporter/discovery/dns-exchange.ts";
import type { Found } from "../../../exporter/discovery/find-nodes.ts";
import type { RecordType } from "../../../exporter/discovery/record-order.ts";
import type { Log } from "../../../exporter/log.ts";
import { settle, type VirtualClock, virtualClock } from "../../support/virtual-clock.ts";

const SECOND_MS = 1000;

let clock: VirtualClock;
let stop: AbortController;
let discovery: Discovery;
/** What DNS says; a service that is not here cannot be asked for, and "silent" never ends. */
let answers: Map<string, Found | "silent">;
let asked: { readonly service: string; readonly at: number; readonly last?: RecordType }[];
let changed: string[];
let lines: string[];
let chance: number;

const log: Log = {
  debug: () => {},
  info: (message) => lines.push(`info ${message}`),
  warn: (message) => lines.push(`warn ${message}`),
  error: (message) => lines.push(`error ${message}`),
};

const nodesAt = (ttlSeconds: number, ...hosts: string[]): Found => ({
  is: "nodes",
  nodes: hosts.map((host) => ({ host, weight: 1, priority: 0 })),
  ttlSeconds,
  type: "A",
  withoutAddress: [],
});

beforeEach(() => {
  clock = virtualClock(0);
  stop = new AbortController();
  answers = new Map();
  asked = [];
  changed = [];
  lines = [];
  chance = 0.999_999;
  discovery = new Discovery({
    clock,
    log,
    random: () => chance,
    timing: { minTtlMs: SECOND_MS, maxTtlMs: 60 * SECOND_MS, firstAnswerMs: 5 * SECOND_MS },
    changed: (service) => changed.push(service),
    find: async (service, last) => {
      asked.push({ service, at: clock.now() / SECOND_MS, ...(last ? { last } : {}) });
      const answer = answers.get(service);
      if (answer === "silent") return new Promise(() => {});
      if (!answer) throw new DnsError("no answer");
      return answer;
    },
  });
});
afterEach(async () => {
  stop.abort();
  await settle();
});

const hostsOf = (service: string) => discovery.nodesOf(service)?.map(({ host }) => host);
const times = () => asked.map(({ at }) => Math.round(at));
const follow = async (...services: string[]) => {
  discovery.follow(services, stop.signal);
  await settle();
};

describe("a service that is followed", () => {
  it("is asked for once, however many need it, and again when its time to live is over", async () => {
    answers.set("a", nodesAt(10, "192.0.2.1"));
    await follow("a", "a");
    await follow("a");
    expect(hostsOf("a")).toEqual(["192.0.2.1"]);
    await clock.advance(35 * SECOND_MS);
    expect(times()).toEqual([0, 10, 20, 30]);
    expect(asked[1]).toMatchObject({ last: "A" });
    expect(changed).toEqual(["a"]);
  });

  it("is asked for a little early by chance", async () => {
    chance = 0;
    answers.set("a", nodesAt(10, "192.0.2.1"));
    await follow("a");
    await clock.advance(9.5 * SECOND_MS);
    expect(times()).toEqual([0, 9]);
  });

  it("is asked for within bounds, whatever its time to live is", async () => {
    answers.set("short", nodesAt(0, "192.0.2.1"));
    await follow("short");
    await clock.advance(3.5 * SECOND_MS);
    expect(times()).toEqual([0, 1, 2, 3]);
    asked = [];
    answers.set("long", nodesAt(86_400, "192.0.2.1"));
    discovery.retain(() => false);
    await follow("long");
    await clock.advance(61 * SECOND_MS);
    expect(asked).toHaveLength(2);
  });

  it("has other nodes as soon as an answer says so", async () => {
    answers.set("a", nodesAt(10, "192.0.2.1"));
    await follow("a");
    answers.set("a", nodesAt(10, "192.0.2.1", "192.0.2.2"));
    await clock.advance(10 * SECOND_MS);
    expect(hostsOf("a")).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(changed).toEqual(["a", "a"]);
  });

  it("keeps its nodes while it cannot be asked for, which is told once and counted", async () => {
    answers.set("a", nodesAt(10, "192.0.2.1"));
    await follow("a");
    answers.delete("a");
    await clock.advance(600 * SECOND_MS);
    expect(hostsOf("a")).toEqual(["192.0.2.1"]);
    expect(lines.filter((line) => line.includes("cannot be resolved"))).toHaveLength(1);
    const { failures, services } = discovery.report();
    expect(failures).toBe(asked.length - 1);
    expect(services[0]).toMatchObject({ service: "a", error: "no answer" });
    // Pauses grow to ten seconds: a server that comes back is not overrun.
    expect(failures).toBeGreaterThan(50);
    expect(failures).toBeLessThan(70);
    answers.set("a", nodesAt(10, "192.0.2.1"));
    await clock.advance(31 * SECOND_MS);
    expect(lines.at(-1)).toBe("info a service is resolved again");
    expect(discovery.report().services[0]?.error).toBeUndefined();
    expect(changed).toEqual(["a"]);
  });

  it("loses its nodes where DNS says that there are none, and is asked for again before long", async () => {
    answers.set("a", nodesAt(10, "192.0.2.1"));
    await follow("a");
    answers.set("a", { is: "nothing", ttlSeconds: 86_400 });
    await clock.advance(10 * SECOND_MS);
    expect(hostsOf("a")).toEqual([]);
    expect(lines.at(-1)).toContain("answered with 503");
    answers.set("a", nodesAt(10, "192.0.2.3"));
    await clock.advance(30 * SECOND_MS);
    expect(hostsOf("a")).toEqual(["192.0.2.3"]);
  });

  it("tells once of targets that have no address", async () => {
    const found = nodesAt(1, "192.0.2.1");
    answers.set("a", { ...found, withoutAddress: ["gone.test"] } as Found);
    await follow("a");
    await clock.advance(5 * SECOND_MS);
    expect(lines.filter((line) => line.includes("without an address"))).toHaveLength(1);
  });

  it("is let go of when nobody needs it any more", async () => {
    answers.set("a", nodesAt(1, "192.0.2.1"));
    await follow("a");
    discovery.retain((service) => service !== "a");
    asked = [];
    await clock.advance(10 * SECOND_MS);
    expect(asked).toEqual([]);
    expect(discovery.nodesOf("a")).toBeUndefined();
    expect(discovery.report().services).toEqual([]);
  });

  it("waits for its turn where there are very many", async () => {
    const many = Array.from({ length: 40 }, (_, i) => `s${i}`);
    for (const service of many.slice(0, 16)) answers.set(service, "silent");
    for (const service of many.slice(16)) answers.set(service, nodesAt(10, "192.0.2.1"));
    await follow(...many);
    expect(asked).toHaveLength(16);
  });
});

describe("a first answer", () => {
  const waited = async (...services: string[]) => {
    let isOver = false;
    const waiting = discovery.firstAnswers(services, stop.signal).then(() => {
      isOver = true;
    });
    await settle();
    return { isOver: () => isOver, waiting };
  };

  it("is waited for, but not beyond the bound", async () => {
    answers.set("a", nodesAt(10, "192.0.2.1"));
    answers.set("b", "silent");
    await follow("a");
    expect((await waited("a")).isOver()).toBe(true);
    await follow("b");
    const { isOver } = await waited("a", "b");
    expect(isOver()).toBe(false);
    await clock.advance(5 * SECOND_MS);
    expect(isOver()).toBe(true);
  });

  it("is not waited for while DNS is away: the next change must not wait, too", async () => {
    await follow("a");
    answers.set("b", "silent");
    await follow("b");
    expect((await waited("b")).isOver()).toBe(true);
  });

  it("puts aside what was recalled", async () => {
    answers.set("a", "silent");
    await follow("a", "b");
    expect(discovery.unknown()).toEqual(["a", "b"]);
    discovery.recall("b", [{ host: "192.0.2.9", weight: 1, priority: 0 }]);
    expect(hostsOf("b")).toEqual(["192.0.2.9"]);
    answers.set("b", nodesAt(10, "192.0.2.1"));
    await clock.advance(30 * SECOND_MS);
    expect(hostsOf("b")).toEqual(["192.0.2.1"]);
    discovery.recall("b", []);
    expect(hostsOf("b")).toEqual(["192.0.2.1"]);
  });
});
