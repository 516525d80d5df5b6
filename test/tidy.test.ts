import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import * as tidy from "./support/tidy-rules.ts";

/** Our taste, as far as a machine can hold it. Every rule first proves itself on a bad example. */

const root = join(import.meta.dirname, "..");
const folders = ["exporter", "edge", "shared", "test", "bench", "examples"];
const files = folders.flatMap(sources);
const product = files.filter(({ path }) => /^(exporter|edge|shared)\//.test(path));

describe("every source file", () => {
  it.each(tidy.everywhere)("$name", (rule) => {
    expect(rule.check({ path: rule.badPath, text: rule.bad })).not.toEqual([]);
    expect(files.flatMap((file) => rule.check(file))).toEqual([]);
  });
});

describe("every file of the product", () => {
  it.each(tidy.product)("$name", (rule) => {
    expect(rule.check({ path: rule.badPath, text: rule.bad })).not.toEqual([]);
    expect(product.flatMap((file) => rule.check(file))).toEqual([]);
  });
});

describe("the repository", () => {
  it("has no page whose relative links lead nowhere", () => {
    const pages = ["README.md", "CHANGELOG.md", ...folders.concat("docs").flatMap(markdown)];
    expect(pages.flatMap((page) => tidy.brokenLinks(root, page))).toEqual([]);
    expect(tidy.brokenLinksIn("see [x](./nowhere.md)", root, "README.md")).toHaveLength(1);
  });

  it("imports every file of the product from somewhere", () => {
    const imported = new Set(files.flatMap((file) => tidy.importedPaths(file)));
    const entries = new Set(["edge/worker.ts", "exporter/cli/snapgate.ts"]);
    const orphans = product.filter(({ path }) => !imported.has(path) && !entries.has(path));
    expect(orphans.map(({ path }) => path)).toEqual([]);
  });

  it("keeps the two entry files short enough to read as sentences", () => {
    for (const path of ["exporter/main.ts", "edge/gateway.ts"]) {
      const lines = readFileSync(join(root, path), "utf8").split("\n").length;
      expect(lines, path).toBeLessThanOrEqual(130);
    }
  });

  it("pins every dependency to an exact version", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    for (const group of ["dependencies", "devDependencies", "optionalDependencies", "overrides"]) {
      for (const [name, version] of Object.entries(manifest[group] ?? {})) {
        expect(version, `${group}: ${name}`).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
      }
    }
  });
});

function sources(folder: string): tidy.SourceFile[] {
  return list(folder, /\.ts$/).map((path) => ({
    path,
    text: readFileSync(join(root, path), "utf8"),
  }));
}

function markdown(folder: string): string[] {
  return list(folder, /\.md$/);
}

function list(folder: string, name: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}
