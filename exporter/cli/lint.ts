import type { Command } from "commander";
import type { Reach } from "../../shared/resources/reach.ts";
import type { RouterName } from "../../shared/snapshot/format.ts";
import type { Finding, Severity } from "../lint/finding.ts";
import { compareFindings, SEVERITIES } from "../lint/finding.ts";
import { lint } from "../lint/lint.ts";
import type { ResourceTable } from "../resource-table.ts";
import type { Environment } from "../table/fill-in.ts";
import { readStandalone } from "../table/read-standalone.ts";
import { fileContent, wholeNumber } from "./arguments.ts";
import { counted } from "./text.ts";

/** All that `snapgate lint` tells; this is its JSON. */
export interface LintReport {
  readonly router: RouterName;
  readonly resources: number;
  readonly counts: Readonly<Record<Severity, number>>;
  /** The worst first. */
  readonly findings: readonly PlacedFinding[];
}

/** `line`: where its resource begins, in a YAML file. */
export type PlacedFinding = Finding & { readonly line?: number };

const EXIT_CODES = `
Exit codes: 0 nothing but notes, 1 errors or warnings or reading failed, 2 wrong usage or configuration.`;

/** What is looked at. */
export type Linted = "etcd" | StandaloneFile;

interface StandaloneFile {
  readonly format: "yaml" | "json";
  readonly text: string;
}

export function addLintOptions(command: Command): Command {
  return command
    .argument(
      "<what>",
      "apisix.yaml or apisix.json, or the word etcd for what etcd holds now",
      what,
    )
    .option("--most <number>", "of how many findings of a kind to tell", wholeNumber, 50)
    .option("--json", "as JSON, with all of them")
    .addHelpText("after", EXIT_CODES);
}

export function lintTable(table: ResourceTable, router: RouterName): LintReport {
  return reportOf(table, router, lint(table, router));
}

export function lintFile(
  { text, format }: StandaloneFile,
  router: RouterName,
  environment: Environment,
  reach: Reach,
): LintReport {
  const { table, problems, lines } = readStandalone(text, format, environment, reach);
  const ofFile = problems.map((problem) => ({ ...problem, rule: "file", path: "" }));
  const findings = [...ofFile, ...lint(table, router)].map((finding): PlacedFinding => {
    const line = lines.get(finding.key);
    return line === undefined ? finding : { ...finding, line };
  });
  return reportOf(table, router, findings.sort(compareFindings));
}

function what(text: string): Linted {
  if (text === "etcd") return "etcd";
  const format = text.endsWith(".json") ? "json" : "yaml";
  return { format, text: new TextDecoder().decode(fileContent(text)) };
}

/** Whether somebody should do something. */
export function hasTrouble({ counts }: LintReport): boolean {
  return counts.error + counts.warning > 0;
}

function reportOf(
  table: ResourceTable,
  router: RouterName,
  findings: readonly PlacedFinding[],
): LintReport {
  const counts = { error: 0, warning: 0, note: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  return { router, resources: table.size, counts, findings };
}

/** For a person: at most `most` findings of each severity. */
export function lintText(
  { router, resources, counts, findings }: LintReport,
  most: number,
): string {
  const lines = SEVERITIES.flatMap((severity) => {
    if (counts[severity] === 0) return [];
    const own = findings.filter((finding) => finding.severity === severity);
    const left = own.length - most;
    const more = left > 0 ? [`  and ${left} more; --most or --json tells of them`] : [];
    return [`${severity}s:`, ...own.slice(0, most).map(findingText), ...more, ""];
  });
  const total = SEVERITIES.map((severity) => counted(counts[severity], severity)).join(", ");
  return [...lines, `${counted(resources, "resource")}, ${router}: ${total}`].join("\n");
}

function findingText({ key, path, line, rule, problem, remedy }: PlacedFinding): string {
  const place = [key, path].filter((part) => part !== "").join(" ") || "the file";
  const at = line === undefined ? "" : ` (line ${line})`;
  return `  ${place}${at}: ${rule}: ${problem}\n    ${remedy}`;
}
