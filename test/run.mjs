import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { bundledNode, ensureInstalled, root } from "../examples/quick-start/ensure-installed.mjs";

// `npm test`: everything, from a bare clone. Arguments go to vitest (`npm test -- test/edge`), and then
// only vitest runs.

const chosen = process.argv.slice(2);
ensureInstalled();
const node = bundledNode();
const environment = {
  ...process.env,
  NO_COLOR: "1",
  PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}`,
  WRANGLER_SEND_METRICS: "false",
};

ensureEtcd();
const counts = { passed: 0, failed: 0, skipped: 0 };
if (chosen.length === 0) {
  check("type check", ["node_modules/typescript/bin/tsc", "--noEmit"]);
  check("lint", ["node_modules/@biomejs/biome/bin/biome", "ci", "."]);
}
runVitest();
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
console.log(`\n${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exit(counts.failed > 0 ? 1 : 0);

/** The fault tests need the real thing; without it they are skipped by name, in CI that is a failure. */
function ensureEtcd() {
  if (found("etcd") && found("etcdctl")) return;
  const packages = ["etcd-server", "etcd-client"];
  if (found("apt-get") && process.getuid?.() === 0) {
    console.log(`Installing ${packages.join(" and ")} (apt-get), for the tests on a real etcd …`);
    spawnSync("apt-get", ["update", "-qq"], { stdio: "inherit" });
    spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...packages], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    });
    if (found("etcd") && found("etcdctl")) return;
  }
  console.log(
    "There is no etcd on the PATH: the tests that need a real one are skipped by name.\n" +
      `To have them run: sudo apt-get install ${packages.join(" ")} (Debian, Ubuntu), or put etcd and ` +
      "etcdctl 3.4 or newer on the PATH.",
  );
}

function found(command) {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).error === undefined;
}

function check(name, args) {
  const result = spawnSync(node, args, { cwd: root, env: environment, encoding: "utf8" });
  const passed = result.status === 0;
  counts[passed ? "passed" : "failed"] += 1;
  console.log(`${passed ? "ok" : "FAILED"}: ${name}`);
  if (!passed) console.log(`${result.stdout}${result.stderr}`);
}

function runVitest() {
  const folder = mkdtempSync(join(tmpdir(), "snapgate-test-"));
  const report = join(folder, "report.json");
  const args = ["node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=json"];
  const result = spawnSync(node, [...args, `--outputFile=${report}`, ...chosen], {
    cwd: root,
    env: environment,
    stdio: "inherit",
  });
  try {
    countReport(JSON.parse(readFileSync(report, "utf8")), result.status);
  } catch (error) {
    console.log(`vitest left no report: ${error.message}`);
    counts.failed += 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function countReport(report, status) {
  counts.passed += report.numPassedTests;
  counts.failed += report.numFailedTests;
  for (const file of report.testResults) {
    // A file that could not even be loaded has no tests to count.
    if (file.status === "failed" && file.assertionResults.length === 0) counts.failed += 1;
    for (const test of file.assertionResults) {
      if (test.status !== "skipped" && test.status !== "pending" && test.status !== "todo")
        continue;
      counts.skipped += 1;
      console.log(`skipped: ${relative(root, file.name)}: ${test.fullName}`);
    }
  }
  if (status !== 0 && counts.failed === 0) counts.failed += 1;
  if (process.env.CI && counts.skipped > 0) {
    console.log("In CI every test must run: the skipped ones count as failed.");
    counts.failed += counts.skipped;
    counts.skipped = 0;
  }
}
