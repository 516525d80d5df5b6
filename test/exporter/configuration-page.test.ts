import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { edgeTable, exporterTable } from "../support/settings-tables.ts";

const PAGE = join(import.meta.dirname, "..", "..", "docs", "configuration.md");

describe("docs/configuration.md", () => {
  it.each([
    ["exporter", exporterTable],
    ["edge", edgeTable],
  ])("has every setting of the %s, as the code has it", (name, makeTable) => {
    const page = readFileSync(PAGE, "utf8");
    const marked = new RegExp(`(<!-- ${name} -->\\n)[^]*?(\\n<!-- end -->)`);
    const wanted = page.replace(marked, (_all, begin: string, end: string) => {
      return `${begin}${makeTable()}${end}`;
    });
    expect(page, "the page has lost the place of the table").toMatch(marked);
    if (process.env.UPDATE_DOCS) writeFileSync(PAGE, wanted);
    expect(page, "UPDATE_DOCS=1 npm test -- test/exporter/configuration-page.test.ts").toBe(wanted);
  });
});
