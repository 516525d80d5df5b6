import { readFileSync } from "node:fs";

// A platform package that a registry lacks is dropped from the lock file in silence, and `npm ci` fails
// on that platform only. So every optional dependency that a package names must have an entry.

const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
const missing = [];
for (const [path, entry] of Object.entries(packages)) {
  for (const name of Object.keys(entry.optionalDependencies ?? {})) {
    if (!resolves(path, name)) missing.push(`${path || "the root"} names ${name}`);
  }
}
for (const line of missing) console.error(`package-lock.json: ${line}, which has no entry`);
if (missing.length > 0) process.exit(1);

/** Node's rule: the package's own node_modules, then those of the folders above. */
function resolves(path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    const candidate = at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[candidate]) return true;
    if (at === "") return false;
    if (!at.includes("/node_modules/")) {
      if (packages[`node_modules/${name}`]) return true;
      return false;
    }
  }
}
