import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../edge/errors.ts";
import { addressFor, createDialPlanner, type DialPlan } from "../../../edge/upstream/dial-plan.ts";
import type { UpstreamBinding } from "../../../edge/upstream/upstream-bindings.ts";
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
  readonly binding?: UpstreamBinding;
  readonly scheme?: "http" | "https";
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

/** Node, scheme, pass_host, what is bound, and how such a node is then reached; the client's Host is client.test. */
const WAYS: readonly (readonly [string, string, string, string, string])[] = [
  ["name.test", "http", "node", "-", "fetch http://name.test"],
  ["name.test", "http", "pass", "-", "socket name.test:80, Host client.test"],
  ["name.test", "http", "rewrite", "-", "socket name.test:80, Host rewritten.test"],
  ["name.test", "https", "node", "-", "fetch https://name.test"],
  ["name.test", "https", "pass", "-", "socket name.test:443, Host client.test, SNI client.test"],
  [
    "name.test:8443",
    "https",
    "rewrite",
    "-",
    "socket name.test:8443, Host rewritten.test, SNI rewritten.test",
  ],
  ["name.test:8080", "http", "node", "network", "fetch http://name.test:8080"],
  ["203.0.113.9:81", "http", "node", "-", "socket 203.0.113.9:81, Host 203.0.113.9:81"],
  [
    "203.0.113.9",
    "https",
    "node",
    "-",
    "socket 203.0.113.9:443, Host 203.0.113.9, SNI 203.0.113.9",
  ],
  [
    "203.0.113.9",
    "https",
    "pass",
    "-",
    "socket 203.0.113.9:443, Host client.test, SNI client.test",
  ],
  ["203.0.113.9", "http", "node", "network", "socket 203.0.113.9:80, Host 203.0.113.9"],
  ["[2001:db8::9]", "http", "pass", "network", "socket [2001:db8::9]:80, Host client.test"],
  [
    "[2001:db8::9]",
    "https",
    "node",
    "-",
    "socket [2001:db8::9]:443, Host [2001:db8::9], SNI 2001:db8::9",
  ],
  ["10.1.2.3:80", "http", "node", "-", "socket 10.1.2.3:80, Host 10.1.2.3"],
  ["10.1.2.3:80", "http", "node", "network", "network fetch http://10.1.2.3"],
  ["10.1.2.3:80", "http", "pass", "network", "network socket 10.1.2.3:80, Host client.test"],
  ["10.1.2.3", "https", "node", "network", "network fetch https://10.1.2.3"],
  ["[fd00::1]:81", "http", "node", "network", "network fetch http://[fd00::1]:81"],
  ["[fd00::1]", "http", "pass", "network", "network socket [fd00::1]:80, Host client.test"],
  ["127.0.0.1:81", "http", "node", "network", "socket 127.0.0.1:81, Host 127.0.0.1:81"],
  ["[::1]", "http", "node", "network", "socket [::1]:80, Host [::1]"],
  ["name.test", "http", "node", "node", "binding fetch http://name.test"],
  ["name.test:8443", "https", "node", "node", "binding fetch https://name.test:8443"],
  ["name.test", "https", "pass", "node", "503: cannot send the Host client.test"],
  ["name.test", "http", "rewrite", "node", "503: cannot send the Host rewritten.test"],
  ["10.1.2.3", "http", "node", "node", "binding fetch http://10.1.2.3"],
  ["name.test", "http", "pass", "host", "binding fetch http://client.test"],
  ["name.test", "https", "rewrite", "host", "binding fetch https://rewritten.test"],
  ["10.1.2.3:8080", "http", "pass", "host", "binding fetch http://client.test"],
  ["name.test", "grpc", "node", "node", "binding fetch http://name.test"],
  ["name.test:50051", "grpc", "node", "node", "binding fetch http://name.test:50051"],
  ["name.test", "grpcs", "node", "node", "binding fetch https://name.test"],
  ["name.test:443", "grpcs", "pass", "host", "binding fetch https://client.test"],
];

describe("of node, scheme, pass_host and what is bound follows the way", () => {
  it.each(WAYS)("%s, %s, pass_host %s, bound %s: %s", (node, scheme, passHost, bound, expected) => {
    const [, host = "", port] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(node) ?? [];
    const upstream = {
      scheme,
      pass_host: passHost as Upstream["pass_host"],
      upstream_host: "rewritten.test",
    };
    const url = bound === "node" || bound === "host" ? bound : undefined;
    const wanted = {
      host,
      ...(port === undefined ? {} : { port: Number(port) }),
      upstream,
      ...(url ? { binding: aBinding(url) } : {}),
    };
    expect(told(() => planned(wanted, bound === "network"))).toContain(expected);
  });
});

const aBinding = (url: "node" | "host"): UpstreamBinding => {
  return { name: "ORDERS", url, fetcher: { fetch: async () => new Response() } };
};

function told(plan: () => DialPlan): string {
  try {
    const { via, node, isByPrivateNetwork, binding, host, origin, serverName } = plan();
    const by = (isByPrivateNetwork && "network ") || (binding && "binding ") || "";
    if (via === "fetch") return `${by}fetch ${origin}`;
    const sni = serverName === undefined ? "" : `, SNI ${serverName}`;
    return `${by}socket ${node.hostname}:${node.port}, Host ${host}${sni}`;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return `${error.status}: ${error.message.replace(/^the binding ORDERS /, "")}`;
  }
}

describe("a binding", () => {
  it("is not asked for what fetch would send as something else", () => {
    const binding = aBinding("host");
    const cases: readonly Partial<Case>[] = [
      { target: "/a/../b" },
      { fetchMaySend: false },
      { upstream: { pass_host: "pass" }, clientHost: "client test" },
      { upstream: { pass_host: "pass" }, clientHost: "client.test/admin?" },
      { upstream: { pass_host: "pass" }, clientHost: "user@client.test" },
      { upstream: { pass_host: "pass" }, clientHost: "" },
    ];
    for (const of of cases) {
      expect(told(() => planned({ host: "node.test", binding, ...of }))).toMatch(/^400: /);
    }
  });

  it("is given the wanted Host without the scheme's own port", () => {
    const pass = (scheme: string, clientHost: string) => {
      const upstream = { scheme, pass_host: "pass" as const };
      return told(() =>
        planned({ host: "n.test", upstream, clientHost, binding: aBinding("host") }),
      );
    };
    expect(pass("https", "Client.test:443")).toBe("binding fetch https://client.test");
    expect(pass("https", "client.test:8443")).toBe("binding fetch https://client.test:8443");
    expect(pass("http", "[::1]:80")).toBe("binding fetch http://[::1]");
  });
});

describe("a scheme that a plugin asks for", () => {
  it("is the one that a node with a port is reached by", () => {
    const of = { host: "node.test", port: 8443, scheme: "https" } as const;
    expect(told(() => planned(of))).toBe("fetch https://node.test:8443");
  });

  it("leaves no port for a node that has none, unless it is the upstream's own", () => {
    expect(told(() => planned({ host: "node.test", scheme: "https" }))).toMatch(/^503: .*no port/);
    expect(told(() => planned({ host: "node.test", scheme: "http" }))).toBe(
      "fetch http://node.test",
    );
  });
});

describe("an address is loopback", () => {
  const isLoopback = (host: string) =>
    addressFor("http", { host, weight: 1, priority: 0 }).isLoopback;
  it.each(["127.0.0.1", "127.9.9.9", "[::1]", "localhost", "a.localhost", "0.0.0.0"])(
    "%s",
    (host) => expect(isLoopback(host)).toBe(true),
  );
  it.each(["128.0.0.1", "[::2]", "localhost.test", "notlocalhost"])("not %s", (host) =>
    expect(isLoopback(host)).toBe(false),
  );
});

describe("an address is private", () => {
  const isPrivate = (host: string) =>
    addressFor("http", { host, weight: 1, priority: 0 }).isPrivate;
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
    "[febf::1]",
    "[fdff:ffff::1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:192.168.0.1]",
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
    "[fec0::1]",
    "[::ffff:203.0.113.1]",
    "10.example.com",
    "localhost",
  ])("not %s", (host) => expect(isPrivate(host)).toBe(false));
});
