import { describe, expect, it } from "vitest";
import { createDialPlanner, nodeAddress } from "../../../edge/upstream/dial-plan.ts";
import type { Upstream } from "../../../shared/resources/upstream.ts";
import { anUpstream } from "../../support/proxy-world.ts";
import { seededRandom } from "../../support/random.ts";

interface Case {
  readonly host: string;
  readonly port?: number;
  readonly upstream?: Partial<Upstream>;
  readonly clientHost?: string;
  readonly target?: string;
  readonly fetchMaySend?: boolean;
}

function planned({ host, port, upstream, ...wanted }: Case, hasPrivateNetwork = false) {
  const node = { host, port, weight: 1, priority: 0 };
  return createDialPlanner(hasPrivateNetwork)(anUpstream({ nodes: [node], ...upstream }), node, {
    clientHost: "client.test",
    target: "/a?b=c",
    fetchMaySend: true,
    ...wanted,
  });
}

const way = (of: Case, hasPrivateNetwork = false) => {
  const { via, host } = planned(of, hasPrivateNetwork);
  return `${via} ${host}`;
};

describe("a node is reached", () => {
  it.each<[string, Case]>([
    ["fetch node.test", { host: "node.test" }],
    ["fetch node.test:8080", { host: "node.test", port: 8080 }],
    ["fetch node.test", { host: "node.test", port: 80 }],
    ["fetch node.test", { host: "node.test", port: 443, upstream: { scheme: "https" } }],
    ["fetch node.test:443", { host: "node.test", port: 443 }],
    ["fetch Node.Test", { host: "Node.Test" }],
  ])("by %s where the Host is its own", (expected, of) => {
    expect(way(of)).toBe(expected);
  });

  it.each<[string, Case]>([
    ["socket client.test", { host: "node.test", upstream: { pass_host: "pass" } }],
    [
      "socket x.test",
      { host: "node.test", upstream: { pass_host: "rewrite", upstream_host: "x.test" } },
    ],
    ["socket 203.0.113.1", { host: "203.0.113.1" }],
    ["socket [2001:db8::1]:81", { host: "[2001:db8::1]", port: 81 }],
    ["socket node.test", { host: "node.test", target: "/a/../b" }],
    ["socket node.test", { host: "node.test", target: "/a#b" }],
    ["socket node.test", { host: "node.test", target: '/a"b' }],
    ["socket node.test", { host: "node.test", fetchMaySend: false }],
  ])("by %s where fetch could not say the same", (expected, of) => {
    expect(way(of)).toBe(expected);
  });

  it("by fetch exactly where a URL keeps the target as it is, for targets of all kinds", () => {
    const random = seededRandom(Math.floor(Math.random() * 2 ** 32));
    const parts = [..."/.?#%&=+~!$*,;:@()'\"<>|\\^`{}[]-_ aZ9é", "%2e", "%2E", "%2f", "/..", "/."];
    for (let i = 0; i < 5_000; i++) {
      const length = random.below(8);
      const target = `/${Array.from({ length }, () => random.pick(parts)).join("")}`;
      const url = `http://node.test${target}`;
      const isKept = !target.includes("#") && URL.canParse(url) && new URL(url).href === url;
      const via = isKept ? "fetch" : "socket";
      expect(planned({ host: "node.test", target }).via, `${random.seed}: ${target}`).toBe(via);
    }
  });

  it("by fetch where the client's own Host happens to be the node's", () => {
    const upstream = { pass_host: "pass" } as const;
    expect(way({ host: "node.test", upstream, clientHost: "NODE.test" })).toBe("fetch NODE.test");
  });

  it("through the private network where it is private and one is bound", () => {
    const of = { host: "10.1.2.3", port: 8080 };
    expect(way(of)).toBe("socket 10.1.2.3:8080");
    expect(way(of, true)).toBe("fetch 10.1.2.3:8080");
    expect(planned(of, true).isByPrivateNetwork).toBe(true);
    expect(planned({ host: "203.0.113.1" }, true).isByPrivateNetwork).toBe(false);
    expect(planned({ host: "127.0.0.1" }, true).isByPrivateNetwork).toBe(false);
  });
});

describe("an address is private", () => {
  const isPrivate = (host: string) =>
    nodeAddress("http", { host, weight: 1, priority: 0 }).isPrivate;
  it.each([
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.1.1",
    "[fd00::1]",
    "[fc00::1]",
    "[fe80::1]",
  ])("%s", (host) => expect(isPrivate(host)).toBe(true));
  it.each([
    "9.255.255.255",
    "11.0.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.167.1.1",
    "100.63.0.1",
    "100.128.0.1",
    "127.0.0.1",
    "[::1]",
    "[2001:db8::1]",
    "10.example.com",
    "localhost",
  ])("not %s", (host) => expect(isPrivate(host)).toBe(false));
});
