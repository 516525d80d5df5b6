import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { HTTP_PLUGINS } from "../../../shared/plugins/catalogue.ts";
import { table } from "../../support/settings-tables.ts";

const PAGE = join(import.meta.dirname, "../../../docs/compatibility.md");
const MARKED = /(<!-- plugins -->\n)[\s\S]*?(<!-- end -->)/;

it("docs/compatibility.md has every plugin, as the catalogue has it", () => {
  const page = readFileSync(PAGE, "utf8");
  const rows = HTTP_PLUGINS.map(({ name, support: { is, reason, remedy } }) => [
    `\`${name}\``,
    is === "supported" ? "served" : is,
    is === "supported" ? "" : `${reason}; ${remedy}`,
  ]);
  const made = table(["plugin", "state", "remark"], rows);
  const wanted = page.replace(MARKED, (_all, begin, end) => `${begin}${made}\n${end}`);
  expect(page, "the page has lost the place of the table").toMatch(MARKED);
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, wanted);
  expect(page, "UPDATE_DOCS=1 npm test -- test/shared/plugins/compatibility-page.test.ts").toBe(
    wanted,
  );
});
