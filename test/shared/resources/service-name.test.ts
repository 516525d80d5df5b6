import { describe, expect, it } from "vitest";
import { parseDnsServiceName } from "../../../shared/resources/service-name.ts";

describe("the name of a service that DNS is asked for", () => {
  it.each([
    ["orders", "orders", undefined],
    ["orders.test", "orders.test", undefined],
    ["orders.test.", "orders.test.", undefined],
    ["_http._tcp.orders.test:8080", "_http._tcp.orders.test", 8080],
    ["192.0.2.1:80", "192.0.2.1", 80],
    ["[2001:db8::1]", "[2001:db8::1]", undefined],
    ["[2001:db8::1]:65535", "[2001:db8::1]", 65_535],
  ])("may be %s", (text, host, port) => {
    expect(parseDnsServiceName(text)).toEqual({ host, port });
  });

  it.each([
    "",
    ".",
    "a..b",
    "a b",
    "-a.test",
    "http://a.test",
    "a.test:",
    "a.test:0",
    "a.test:65536",
    "a.test:80:80",
    "2001:db8::1",
    "[a.test]:80",
    `${"a".repeat(64)}.test`,
    `${"a.".repeat(127)}test`,
  ])("may not be %j", (text) => expect(parseDnsServiceName(text)).toBeUndefined());
});
