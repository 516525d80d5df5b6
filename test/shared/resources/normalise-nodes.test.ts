import { expect, it } from "vitest";
import { normaliseNodes } from "../../../shared/resources/normalise-nodes.ts";

it.each([
  ["a.test:8080", { host: "a.test", port: 8080 }],
  ["a.test", { host: "a.test" }],
  ["10.0.0.1:1", { host: "10.0.0.1", port: 1 }],
  ["[::1]:81", { host: "[::1]", port: 81 }],
  ["::1", { host: "[::1]" }],
  ["::ffff:10.0.0.1", { host: "[::ffff:10.0.0.1]" }],
])("the key %s names a node", (address, node) => {
  expect(normaliseNodes({ [address]: 2 })).toEqual([{ ...node, weight: 2, priority: 0 }]);
});

it.each(["a b", "a.test:0", "a.test:65536", "a.test:", "[a]:1", "::1::", "a:b:c", ""])(
  "the key %j names none",
  (address) => {
    expect(normaliseNodes({ [address]: 1 })).toEqual({ noAddress: address });
  },
);

it("a list keeps what its nodes say, an address of IPv6 in brackets", () => {
  const given = { host: "::1", port: 81, weight: 1, metadata: { a: 1 } };
  expect(normaliseNodes([given, { host: "a.test", weight: 0, priority: -1 }])).toEqual([
    { ...given, host: "[::1]", priority: 0 },
    { host: "a.test", weight: 0, priority: -1 },
  ]);
});
