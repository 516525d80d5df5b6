import { expect, it } from "vitest";
import { escapePath, escapeTarget } from "../../../shared/routing/escape-uri.ts";

it.each([
  ["/a b", "/a%20b"],
  ["/%41?#", "/%2541%3F%23"],
  ['/"<>\\^`{|}', "/%22%3C%3E%5C%5E%60%7B%7C%7D"],
  ["/é\udcff\x7f", "/%C3%A9%FF%7F"],
  ["/-._~!$&'()*+,;=:@[]/azAZ09", "/-._~!$&'()*+,;=:@[]/azAZ09"],
])("the path %j is sent as %s", (path, escaped) => {
  expect(escapePath(path)).toBe(escaped);
});

it("a target loses what would end its line, and nothing else", () => {
  expect(escapeTarget("/a%20?b \r\n\x7fé#")).toBe("/a%20?b%20%0D%0A%7Fé#");
});
