import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { Command, CommanderError } from "commander";
import type { RouterName } from "../../shared/snapshot/format.ts";
import { ApplyFailed } from "../apply/apply.ts";
import type { ConfigurationDeps } from "../apply/stored-configuration.ts";
import { systemClock } from "../clock.ts";
import { SETTINGS } from "../config/settings.ts";
import {
  ConfigError,
  readConfig,
  readEdgeReach,
  readEtcdConfig,
  readRouter,
  readStoreConfig,
} from "../config.ts";
import { cipherOf } from "../encryption/cipher-of.ts";
import { RequestError } from "../explain/sent-request.ts";
import { errorText, silentLog } from "../log.ts";
import { publisherName, stopSignal } from "../process.ts";
import { generations, resume, rollback, show } from "../publish/operations.ts";
import type { PublishAnswer } from "../publishing.ts";
import { openStore } from "../store/open-store.ts";
import { RETRY_DEFAULTS } from "../store/retrying-store.ts";
import { readEtcdTable } from "../table/read-etcd.ts";
import { wholeNumber } from "./arguments.ts";
import { addDumpOptions, type DumpOptions, dump, leftOutText, writeDump } from "./dump.ts";
import {
  addImportOptions,
  type ImportedFile,
  type ImportOptions,
  importFile,
  importText,
  stoppedText,
} from "./import.ts";
import { addLintOptions, hasTrouble, type Linted, lintFile, lintTable, lintText } from "./lint.ts";
import { addMatchOptions, type MatchOptions, match } from "./match.ts";
import { matchText } from "./match-text.ts";
import { generationsText, showText } from "./text.ts";

/**
 * The command line. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 held. What only some
 * commands need, and takes long to load, is imported by those.
 */

const DONE = 0;
const FAILED = 1;
const WRONG_USAGE = 2;
const HELD = 3;

const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 held by an operator or the loss guard.
Settings come from the environment or from --config FILE (JSON): ${SETTINGS.map(({ name }) => name).join(", ")}.`;

const CONFIG_HELP =
  "settings as JSON, over which the environment wins; of export and publish also APISIX's apisix.yaml or " +
  "apisix.json, which then stands in for etcd";

interface Common {
  readonly config?: string;
  readonly json?: boolean;
}

// Else V8 lets the heap of a large table grow to more than twice what is alive before it collects garbage.
setFlagsFromString("--heap-growing-percent=40");

const program = new Command("snapgate")
  .description(
    "Publishes APISIX configuration, from etcd or a file, as snapshots for edge workers.",
  )
  .version(packageVersion())
  .addHelpText("after", EXIT_CODES)
  .exitOverride();

command("export", "watch etcd, or a file, and publish every change, until it is stopped")
  .option("--once", "read once, publish once, and end")
  .action(async (options: Common & { once?: boolean }) => {
    const config = readConfig(process.env, options.config);
    const { publishOnce, runExporter } = await import("../main.ts");
    if (options.once) await reportPublish(await publishOnce(config, stopSignal()));
    else await runExporter(config, stopSignal());
  });

command("publish", "publish what etcd holds now, once; with --force also what the loss guard holds")
  .option("--force", "let a publish through that removes very many routes")
  .action(async (options: Common & { force?: boolean }) => {
    const config = readConfig(process.env, options.config);
    const force = options.force ?? false;
    const { publishOnce } = await import("../main.ts");
    await reportPublish(await publishOnce(config, stopSignal(), { force }));
  });

command("generations", "list the generations in the store, newest first")
  .option("--json", "as JSON")
  .action(async (options: Common) => {
    const found = await generations(operating(options).store);
    print(options.json ? JSON.stringify(found) : generationsText(found));
  });

command("show", "show a generation: its manifest and the keys in it, or one key's value")
  .argument("<generation>", "its number", wholeNumber)
  .argument("[key]", "a key below the prefix, e.g. routes/1")
  .option("--json", "as JSON")
  .action(async (generation: number, key: string | undefined, options: Common) => {
    const found = await show(operating(options).store, generation);
    if (key === undefined) {
      print(options.json ? JSON.stringify(found) : showText(found));
      return;
    }
    const resource = found.resources.find((each) => each.key === key);
    if (!resource) fail(FAILED, `generation ${generation} has no key ${key}`);
    else print(JSON.stringify(resource.value, null, options.json ? 0 : 2));
  });

command("rollback", "publish an old generation's content as a new generation, and hold there")
  .argument("<generation>", "its number", wholeNumber)
  .action(async (generation: number, options: Common) => {
    const answer = await rollback(operating(options), generation);
    print(
      `generation ${answer.generation} repeats generation ${answer.repeats} and is held; ` +
        "`snapgate resume` ends the hold",
    );
  });

command("resume", "end a hold; the exporter then publishes what etcd holds").action(
  async (options: Common) => {
    const ended = await resume(operating(options));
    print(ended ? "the hold has ended" : "there was no hold");
  },
);

addMatchOptions(
  command("match", "tell which route serves a request, and why the others do not"),
).action(async (method: string, url: string, options: Common & MatchOptions, own: Command) => {
  if (options.from === "etcd" && options.generation !== undefined) {
    own.error("error: etcd has no generations; leave --generation out");
  }
  const reach = readEdgeReach(process.env, options.config);
  const sources = { store: () => operating(options).store, etcd: () => readEtcd(options), reach };
  const now = () => systemClock.now();
  const requestId = () => crypto.randomUUID().replaceAll("-", "");
  const report = await match(method, url, options, sources, { now, requestId });
  print(options.json ? JSON.stringify(report) : matchText(report));
  if (!report.match) process.exitCode = FAILED;
});

addLintOptions(
  command("lint", "find routes that never match, dangling references and what the edge leaves out"),
).action(async (what: Linted, options: Common & { most: number }) => {
  const report = await lintReport(what, options);
  print(options.json ? JSON.stringify(report) : lintText(report, options.most));
  if (hasTrouble(report)) process.exitCode = FAILED;
});

addImportOptions(
  command("import", "write a standalone file into etcd, after all of it was checked"),
).action(async (file: ImportedFile, options: Common & ImportOptions) => {
  try {
    const report = await withEtcd(options, (deps) => {
      return importFile(file, options, { ...deps, environment: process.env }, stopSignal());
    });
    for (const warning of report.warnings) console.error(`snapgate: ${warning}`);
    print(options.json ? JSON.stringify(report) : importText(report));
  } catch (error) {
    if (!(error instanceof ApplyFailed)) throw error;
    fail(FAILED, stoppedText(error));
  }
});

addDumpOptions(command("dump", "print what etcd holds as a standalone file, or write it")).action(
  async (file: string | undefined, options: Common & DumpOptions) => {
    const { leftOut, text, warnings } = await withEtcd(options, (deps) => {
      return dump(file, options, deps, stopSignal());
    });
    for (const warning of warnings) console.error(`snapgate: ${warning}`);
    if (file === undefined) process.stdout.write(text);
    else writeDump(file, text);
    if (leftOut.length > 0) fail(FAILED, leftOutText(leftOut));
  },
);

try {
  await program.parseAsync();
  process.exitCode ??= DONE;
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? DONE : WRONG_USAGE;
  } else if (error instanceof ConfigError || error instanceof RequestError) {
    fail(WRONG_USAGE, error.message);
  } else {
    fail(FAILED, errorText(error));
    if (process.env.LOG_LEVEL === "debug") console.error(error);
  }
}

function command(name: string, description: string): Command {
  return program.command(name).description(description).option("--config <file>", CONFIG_HELP);
}

function operating(options: Common) {
  const config = readStoreConfig(process.env, options.config);
  const random = Math.random;
  const store = openStore(config.store, { ...RETRY_DEFAULTS, clock: systemClock, random });
  const { namespace } = config;
  return { store, namespace, clock: systemClock, by: publisherName("snapgate") };
}

async function lintReport(what: Linted, options: Common) {
  if (what !== "etcd") {
    const router = readRouter(process.env, options.config);
    return lintFile(what, router, process.env, readEdgeReach(process.env, options.config));
  }
  const { table, router } = await readEtcd(options);
  return lintTable(table, router);
}

/** All of it, once. */
async function readEtcd(options: Common) {
  return await withEtcd(options, async ({ prefix, router, ...deps }) => {
    const reach = readEdgeReach(process.env, options.config);
    return { router, ...(await readEtcdTable(prefix, stopSignal(), deps, reach)) };
  });
}

/** The connection is closed when `job` ends. */
async function withEtcd<T>(
  options: Common,
  job: (deps: ConfigurationDeps & { readonly router: RouterName }) => Promise<T>,
): Promise<T> {
  const { etcd, prefix, router, keyring } = readEtcdConfig(process.env, options.config);
  const cipher = cipherOf(keyring, silentLog);
  const deps = { clock: systemClock, random: Math.random, cipher };
  const { createEtcd3Transport } = await import("../etcd/etcd3-transport.ts");
  const transport = createEtcd3Transport(etcd, deps);
  try {
    return await job({ ...deps, prefix, router, transport });
  } finally {
    transport.close();
  }
}

function reportPublish(answer: PublishAnswer | undefined): void {
  switch (answer?.outcome) {
    case "published":
      print(
        `published generation ${answer.generation} (${answer.objects} objects, ${answer.bytes} bytes)`,
      );
      return;
    case "unchanged":
      print(`generation ${answer.generation} has this content already`);
      return;
    case "held":
      fail(
        HELD,
        `held: ${answer.hold.reason}, since ${answer.hold.since}; \`snapgate resume\` ends it`,
      );
      return;
    case "held-loss":
      fail(HELD, answer.message);
      return;
    default:
      fail(
        FAILED,
        answer ? `not published: ${answer.outcome}` : "stopped before anything was published",
      );
  }
}

function print(text: string): void {
  console.log(text);
}

function fail(code: number, message: string): void {
  console.error(`snapgate: ${message}`);
  process.exitCode = code;
}

function packageVersion(): string {
  const file = new URL("../../package.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
