import { basename } from "node:path";
import type { Command } from "commander";
import { ENABLED_BY_DEFAULT, EVERY_PLUGIN } from "../admin/check/enabled-plugins.ts";
import { Guards } from "../admin/guards.ts";
import { type ApplyFailed, type ApplyReport, applyPlan } from "../apply/apply.ts";
import { checkWanted } from "../apply/check-wanted.ts";
import { EVERY_KIND, NO_KIND, type Plan, planChanges } from "../apply/plan.ts";
import { type ConfigurationDeps, readConfiguration } from "../apply/stored-configuration.ts";
import { type WantedResource, wantedResources } from "../apply/wanted-resource.ts";
import { FileRefused } from "../file/file-source.ts";
import type { Environment } from "../table/fill-in.ts";
import { formatOf, readEntries } from "../table/read-standalone.ts";
import { validate } from "../validate.ts";
import { fileContent } from "./arguments.ts";
import { counted } from "./text.ts";

export interface ImportOptions {
  readonly prune?: boolean;
  readonly dryRun?: boolean;
}

/** A file as it was given. */
export interface ImportedFile {
  readonly path: string;
  readonly text: string;
}

/** What `snapgate import --json` tells. */
export interface ImportReport extends ApplyReport {
  /** Nothing was written: the lists are what would be. */
  readonly isDryRun: boolean;
  readonly warnings: readonly string[];
}

export function addImportOptions(command: Command): Command {
  return command
    .argument("<file>", "apisix.yaml or apisix.json", importedFile)
    .option("--prune", "delete what etcd has and the file has not")
    .option("--dry-run", "tell what would be done, and do nothing")
    .option("--json", "as JSON");
}

function importedFile(path: string): ImportedFile {
  return { path, text: new TextDecoder().decode(fileContent(path)) };
}

/**
 * Makes etcd hold what the file has. Throws `FileRefused` before anything is written where any of it is
 * wrong, `ApplyFailed` where it was stopped half way, and what reading etcd throws.
 */
export async function importFile(
  file: ImportedFile,
  { prune = false, dryRun = false }: ImportOptions,
  deps: ConfigurationDeps & { readonly environment: Environment },
  signal: AbortSignal,
): Promise<ImportReport> {
  const { wanted, warnings, place } = readWanted(file, deps.environment);
  const stored = await readConfiguration(deps, signal);
  const kept = prune ? new Map() : stored.resources;
  const faults = await checkWanted(wanted, kept, EVERY_PLUGIN);
  if (faults.length > 0) {
    const problem = ({ key, fault }: (typeof faults)[number]) =>
      ({ severity: "error", key, problem: fault, remedy: `correct it ${place(key)}` }) as const;
    throw new FileRefused(file.path, faults.map(problem));
  }
  const plan = planChanges(wanted, stored, { prune: prune ? EVERY_KIND : NO_KIND });
  const report = dryRun
    ? plannedReport(plan)
    : await applyPlan(plan, { ...deps, guards: new Guards(deps) });
  return { ...report, isDryRun: dryRun, warnings: [...warnings, ...doubtsOf(wanted)] };
}

/** What is in the file, and where. */
function readWanted({ path, text }: ImportedFile, environment: Environment) {
  const { entries, lines, problems } = readEntries(text, formatOf(path), environment);
  const errors = problems.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new FileRefused(path, errors);
  const place = (key: string) => {
    const line = lines.get(`/${key}`);
    return line === undefined ? `in ${basename(path)}` : `at line ${line} of ${basename(path)}`;
  };
  const { wanted, faults } = wantedResources(entries.values());
  if (faults.length > 0) {
    const remedy = (key: string) => `give it another id ${place(key)}`;
    const shown = faults.map(({ key, fault }) => ({
      severity: "error" as const,
      key,
      problem: fault,
      remedy: remedy(key),
    }));
    throw new FileRefused(path, shown);
  }
  const warnings = problems.map(({ key, problem, remedy }) => {
    return `${key === "" ? "" : `${key.slice(1)}: `}${problem}; ${remedy}`;
  });
  return { wanted, warnings, place };
}

/** What etcd and APISIX take, but somebody should know. */
function doubtsOf(wanted: ReadonlyMap<string, WantedResource>): string[] {
  const doubts: string[] = [];
  for (const { key, value } of wanted.values()) {
    if (/^[^/]+\/arr_\d+$/.test(key)) {
      doubts.push(`${key} has no id: this one is its place in the list; give it one of its own`);
    }
    for (const plugin of Object.keys((value.plugins as object | undefined) ?? {})) {
      const isEnabled =
        ENABLED_BY_DEFAULT.http.has(plugin) || ENABLED_BY_DEFAULT.stream.has(plugin);
      if (!isEnabled)
        doubts.push(`${key}: ${plugin} is off unless APISIX's configuration lists it`);
    }
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    const verdict = validate({ key: `/${key}`, value: bytes, modRevision: 0 }, "");
    if (verdict.is !== "rejected") continue;
    const { path, found, wanted: want } = verdict.rejection;
    doubts.push(`${key} ${path}: Snapgate itself will not use it: found ${found}, want ${want}`);
  }
  return doubts;
}

function plannedReport({ changes, unchanged }: Plan): ApplyReport {
  const keys = (does: string) =>
    changes.filter((change) => change.does === does).map(({ key }) => key);
  return {
    created: keys("create"),
    updated: keys("update"),
    deleted: keys("delete"),
    unchanged,
    transactions: 0,
    conflicts: 0,
    revision: 0,
  };
}

const MOST_NAMED = 20;

/** For a person. */
export function importText(report: ImportReport): string {
  const { created, updated, deleted, unchanged, isDryRun, transactions } = report;
  const rows = [
    ...named(isDryRun ? "would create" : "created", created),
    ...named(isDryRun ? "would update" : "updated", updated),
    ...named(isDryRun ? "would delete" : "deleted", deleted),
  ];
  const done = `${created.length} created, ${updated.length} updated, ${deleted.length} deleted`;
  const how = isDryRun ? "nothing was written" : `in ${counted(transactions, "transaction")}`;
  return [...rows, `${done}, ${unchanged} unchanged; ${how}`].join("\n");
}

function named(did: string, keys: readonly string[]): string[] {
  const left = keys.length - MOST_NAMED;
  return [
    ...keys.slice(0, MOST_NAMED).map((key) => `${did} ${key}`),
    ...(left > 0 ? [`${did} ${left} more; --json names all`] : []),
  ];
}

/** What had been done when it stopped, for a person. */
export function stoppedText({ message, report }: ApplyFailed): string {
  const { created, updated, deleted } = report;
  const done = `${created.length} created, ${updated.length} updated, ${deleted.length} deleted`;
  return `${message}\nbefore that: ${done}; the same command does the rest`;
}
