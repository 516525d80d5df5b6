import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

export interface SourceFile {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** A rule with an example that it must catch. */
export interface Rule {
  readonly name: string;
  readonly badPath: string;
  readonly bad: string;
  /** What breaks the rule, as `path:line: what`. */
  check(file: SourceFile): string[];
}

/** Files that may touch the process, the clock and the console: where the parts are put together. */
const COMPOSITION = new Set([
  "exporter/cli/snapgate.ts",
  "exporter/main.ts",
  "exporter/process.ts",
  "exporter/clock.ts",
  "exporter/log.ts",
  "edge/create-worker.ts",
]);

const RULES_FILE = "test/support/tidy-rules.ts";

export const everywhere: readonly Rule[] = [
  {
    name: "has at most 400 lines",
    badPath: "shared/bad.ts",
    bad: "x\n".repeat(401),
    check: ({ path, text }) => {
      const lines = text.trimEnd().split("\n").length;
      return lines > 400 ? [`${path}: ${lines} lines`] : [];
    },
  },
  {
    name: "has no line over 120 columns",
    badPath: "shared/bad.ts",
    bad: `const a = "${"x".repeat(120)}";`,
    check: lines((line) => line.length > 120 && "over 120 columns"),
  },
  {
    name: "has functions of at most 60 lines",
    badPath: "shared/bad.ts",
    bad: `function long() {\n${"  x();\n".repeat(61)}}\n`,
    check: longFunctions,
  },
  {
    name: "has no `any` and no cast through `unknown`",
    badPath: "shared/bad.ts",
    bad: "const a = b as any;",
    check: lines((line) =>
      /(:|\bas|<|\|)\s*any\b(?!\s+\w)/.test(code(line)) || /as unknown as/.test(code(line))
        ? "any or double cast"
        : false,
    ),
  },
  {
    name: "leaves nothing for later",
    badPath: "shared/bad.ts",
    bad: "// TODO: later",
    check: lines((line) => /\b(TODO|FIXME|XXX|HACK)\b/.test(line) && "unfinished"),
  },
  {
    name: "gives a reason with every suppression",
    badPath: "shared/bad.ts",
    bad: "// @ts-expect-error\n",
    check: lines((line) => {
      const found = /(@ts-(expect-error|ignore|nocheck)|biome-ignore)(.*)$/.exec(line);
      return found && (found[3] ?? "").replace(/[\s:*/]/g, "").length < 10 && "no reason given";
    }),
  },
  {
    name: "has no default export but a worker's",
    badPath: "shared/bad.ts",
    bad: "export default {};",
    check: (file) =>
      /^(edge|examples\/[\w-]+)\/worker\.ts$/.test(file.path)
        ? []
        : lines((line) => /^export default\b/.test(line) && "default export")(file),
  },
];

export const product: readonly Rule[] = [
  {
    name: "imports only along exporter → shared ← edge",
    badPath: "edge/bad.ts",
    bad: 'import { a } from "../exporter/a.ts";',
    check: (file) => {
      const side = file.path.split("/")[0];
      return importedPaths(file)
        .filter((path) => !path.startsWith(`${side}/`) && !path.startsWith("shared/"))
        .map((path) => `${file.path}: imports ${path}`);
    },
  },
  {
    name: "uses Web-standard modules only in shared/ and edge/",
    badPath: "shared/bad.ts",
    bad: 'import fs from "node:fs";',
    check: (file) =>
      file.path.startsWith("exporter/")
        ? []
        : lines((line) => /from "node:/.test(line) && "a Node module")(file),
  },
  {
    name: "takes time, randomness and environment as parameters",
    badPath: "edge/bad.ts",
    bad: "const now = Date.now();",
    check: (file) =>
      COMPOSITION.has(file.path)
        ? []
        : lines((line) => {
            const found = AMBIENT.exec(code(line));
            return found && `${found[0]} outside the files that put the parts together`;
          })(file),
  },
];

const AMBIENT =
  /\b(Date\.now\(|performance\.now\(|Math\.random\(|console\.\w+\(|process\.(env|exit|argv|on)\b)|(?<![.\w])setTimeout\(|(?<![.\w])setInterval\(/;

/** The files of this repository that `file` imports. */
export function importedPaths({ path, text }: SourceFile): string[] {
  const found = text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g);
  return [...found].map((match) => normalize(join(dirname(path), match[1] as string)));
}

export function brokenLinks(root: string, page: string): string[] {
  return brokenLinksIn(readFileSync(join(root, page), "utf8"), root, page);
}

export function brokenLinksIn(text: string, root: string, page: string): string[] {
  return [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
    .map((match) => match[1] as string)
    .filter((link) => !existsSync(join(root, dirname(page), link)))
    .map((link) => `${page}: ${link}`);
}

function lines(wrong: (line: string) => string | false | null | undefined) {
  return ({ path, text }: SourceFile): string[] => {
    if (path === RULES_FILE) return [];
    return text.split("\n").flatMap((line, i) => {
      const what = wrong(line);
      return what ? [`${path}:${i + 1}: ${what}`] : [];
    });
  };
}

/** The line without strings and comments, near enough for the rules above. */
function code(line: string): string {
  return line
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g, '""')
    .replace(/\/\/.*$/, "")
    .replace(/^\s*\*.*$|^\s*\/\*.*$/, "");
}

/** The formatter's indentation tells where a function ends: its closing brace stands at its own depth. */
function longFunctions({ path, text }: SourceFile): string[] {
  const all = text.split("\n");
  const isTest = path.startsWith("test/") || path.startsWith("bench/");
  return all.flatMap((line, start) => {
    const opens =
      /^(\s*)(?:export )?(?:default )?(?:async )?(?:static )?(?:private )?(?:function\b.*|(?!(?:if|for|while|switch|catch|do|else|describe|it|test)\b)[\w#$]+\([^)]*\)(?::[^{]+)?|const \w+ = (?:async )?\(.*\).*=>)\s*\{$/.exec(
        line,
      );
    if (!opens) return [];
    const end = all.findIndex((other, i) => i > start && other.startsWith(`${opens[1]}}`));
    const length = end - start + 1;
    const isSuite = isTest && /^\s*(describe|it|test)\b/.test(line);
    return length > 60 && !isSuite ? [`${path}:${start + 1}: a function of ${length} lines`] : [];
  });
}
