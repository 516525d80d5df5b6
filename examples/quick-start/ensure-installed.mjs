import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * What must hold before any TypeScript of this repository can run: the packages of the lock file are
 * there, and with them the Node that runs TypeScript. Plain JavaScript for Node 20, without imports
 * from outside Node, because it runs in a bare clone.
 */

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Installs by `npm ci` when nothing is installed yet or the lock file is newer than what is. */
export function ensureInstalled() {
  const [major = 0] = process.versions.node.split(".").map(Number);
  if (major < 20) {
    console.error(`Node.js 20 or newer is needed; this is ${process.version}.`);
    process.exit(2);
  }
  const lock = join(root, "package-lock.json");
  const installed = join(root, "node_modules", ".package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return;
  if (existsSync(installed) && samePackages(lock, installed)) return;
  console.log("Installing the packages of package-lock.json (npm ci), once …");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const result = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (result.status !== 0) {
    console.error("npm ci failed; see above. Once it passes, run this command again.");
    process.exit(1);
  }
}

/** The Node of this repository: 22, which runs TypeScript; where it has no build, the present one. */
export function bundledNode() {
  const node = join(
    root,
    "node_modules",
    ".bin",
    process.platform === "win32" ? "node.cmd" : "node",
  );
  if (existsSync(node) && runs(node)) return node;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  console.error(
    `There is no bundled Node.js for ${process.platform}-${process.arch} and ${process.version} ` +
      "cannot run TypeScript. Install Node.js 22.18 or newer.",
  );
  process.exit(2);
}

/** A fresh clone has a lock file newer than a restored `node_modules`; then the contents decide. */
function samePackages(lock, installed) {
  const read = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const [wanted, found] = [read(lock), read(installed)];
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === "" || entry.optional === true || found[path]?.version === entry.version,
  );
}

function runs(node) {
  try {
    execFileSync(node, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
