import { describe, expect, it } from "vitest";
import { readRequest } from "../../../shared/request/read-request.ts";
import { parseIpRanges } from "../../../shared/routing/ip-ranges.ts";
import { DEFAULT_URI_SETTINGS } from "../../../shared/routing/matching-uri.ts";

type Settings = Parameters<typeof readRequest>[1];

const SETTINGS: Settings = {
  clientIpHeader: "cf-connecting-ip",
  listenPort: undefined,
  trustedProxies: undefined,
  uri: DEFAULT_URI_SETTINGS,
};
const SURROUNDINGS = { now: () => 0, requestId: () => "0".repeat(32), maxBodyBytes: 1024 };

/** `url` as workerd hands it out: the target as it was sent, behind the Host header. */
function read(
  url: string,
  options: { headers?: HeadersInit; method?: string; settings?: Partial<Settings> } = {},
) {
  const { method = "GET", settings } = options;
  const request = new Request("http://x.test/", { method, headers: options.headers ?? {} });
  Object.defineProperty(request, "url", { value: url });
  return readRequest(request, { ...SETTINGS, ...settings }, SURROUNDINGS);
}

describe("what is read from a request", () => {
  it("is its method, path, host and address, and the target as it was sent", () => {
    const headers = { host: "Shop.test:8080", "cf-connecting-ip": "192.0.2.1" };
    expect(read("http://Shop.test:8080/a/%62?c=%20d", { headers, method: "PUT" })).toMatchObject({
      facts: {
        method: "PUT",
        uri: "/a/b",
        host: "shop.test",
        hostHeader: "Shop.test:8080",
        remoteAddr: "192.0.2.1",
      },
      client: { address: "192.0.2.1", scheme: "http", hostHeader: "Shop.test:8080", port: 8080 },
      uri: "/a/b",
      rawTarget: "/a/%62?c=%20d",
    });
  });

  it.each([
    ["http://x.test/", "/", "/"],
    ["http://x.test", "/", "/"],
    ["http://x.test/?", "/?", "/"],
    ["http://x.test//a//b/", "//a//b/", "/a/b/"],
    ["http://x.test/a/./b/../c", "/a/./b/../c", "/a/c"],
    ["http://x.test/a%2Fb?%2F", "/a%2Fb?%2F", "/a/b"],
    ["http://x.test/a?b/../c", "/a?b/../c", "/a"],
    ["http://x.test/é", "/é", "/é"],
    ["http://x.test/a+b;c=d", "/a+b;c=d", "/a+b;c=d"],
  ])("of %s is the target %s and the path %s", (url, rawTarget, uri) => {
    expect(read(url)).toMatchObject({ rawTarget, uri, facts: { uri } });
  });

  it.each([
    ["a target that is no path", "http://x.test*", {}],
    ["dots above the root", "http://x.test/../a", {}],
    ["encoded dots above the root", "http://x.test/a/%2e%2e/%2E./b", {}],
    ["a zero byte", "http://x.test/a%00", {}],
    ["half a percent sequence", "http://x.test/a%4", {}],
    ["a percent sign of its own", "http://x.test/100%", {}],
    ["a host with two dots in a row", "http://a..b/", { host: "a..b" }],
    ["a host with a slash", "http://a/b/c", { host: "a/b" }],
    ["a host with a space", "http://a b/", { host: "a b" }],
    ["two hosts", "http://a, b/", { host: "a, b" }],
  ])("is nothing for %s", (_, url, headers) => {
    expect(read(url, { headers })).toBeUndefined();
  });

  it("keeps an encoded slash from the router alone, where it is set so", () => {
    const settings = { uri: { ...DEFAULT_URI_SETTINGS, matchUriEncodedSlash: true } };
    const found = read("http://x.test/a%2fb", { settings });
    expect([found?.facts.uri, found?.uri]).toEqual(["/a%2Fb", "/a/b"]);
  });

  it("takes the host from the URL where there is no Host header", () => {
    expect(read("http://Shop.test:81/a")?.facts).toMatchObject({
      host: "shop.test",
      hostHeader: "Shop.test:81",
    });
  });
});

describe("the port of a request", () => {
  it.each([
    ["that of the Host header", "http://x.test:81/", "x.test:81", undefined, 81],
    ["the scheme's own", "http://x.test/", "x.test", undefined, 80],
    ["the scheme's own", "https://x.test/", "x.test", undefined, 443],
    ["the one that is listened on", "http://x.test/", "x.test", 9080, 9080],
    ["that of the Host header, wherever is listened", "http://x.test:81/", "x.test:81", 9080, 81],
    ["not within an IPv6 address", "http://[::1]/", "[::1]", 9080, 9080],
    ["behind an IPv6 address", "http://[::1]:81/", "[::1]:81", 9080, 81],
  ])("is %s (%s)", (_, url, host, listenPort, port) => {
    const found = read(url, { headers: { host }, settings: { listenPort } });
    expect(found?.client.port).toBe(port);
  });

  it("of the Host header is not the server's", () => {
    const settings = { listenPort: 9080 };
    const found = read("http://x.test:81/", { headers: { host: "x.test:81" }, settings });
    expect(found?.variables.get("server_port")).toBe("9080");
  });
});

describe("the address of a request", () => {
  it("is read past trusted proxies, from the header that is set", () => {
    const settings = {
      clientIpHeader: "x-forwarded-for",
      trustedProxies: parseIpRanges(["10.0.0.0/8"]),
    };
    const headers = { "x-forwarded-for": "6.6.6.6, 192.0.2.1, 10.0.0.1" };
    const found = read("http://x.test/", { headers, settings });
    expect(found?.facts.remoteAddr).toBe("192.0.2.1");
    expect(found?.variables.get("remote_addr")).toBe("192.0.2.1");
  });

  it("is nobody's without that header, whatever others say", () => {
    const headers = { "x-forwarded-for": "6.6.6.6", "x-real-ip": "6.6.6.6" };
    expect(read("http://x.test/", { headers })?.facts.remoteAddr).toBe("0.0.0.0");
  });
});
