import { spawnSync } from "node:child_process";
import { join } from "node:path";
import {
  bundledNode,
  ensureInstalled,
  root,
} from "../../examples/quick-start/ensure-installed.mjs";

// `npm run test:soak`: the seeded tests with many more seeds. SEEDS, FUZZ_REQUESTS,
// FUZZ_WORLDS and LEAK_REQUESTS override.
ensureInstalled();
const LEAKS = "test/end-to-end/proxy-leaks.test.ts";
const environment = {
  ...process.env,
  NO_COLOR: "1",
  SEEDS: process.env.SEEDS ?? "2000",
  FUZZ_REQUESTS: process.env.FUZZ_REQUESTS ?? "2000000",
  FUZZ_WORLDS: process.env.FUZZ_WORLDS ?? "10000",
  LEAK_REQUESTS: process.env.LEAK_REQUESTS ?? "10000",
};
const files = process.argv.slice(2);
const result = spawnSync(
  bundledNode(),
  [
    join(root, "node_modules", "vitest", "vitest.mjs"),
    "run",
    "--project",
    "node",
    "--testTimeout=3600000",
    ...(files.length > 0 ? files : ["test/simulation", "test/fuzz", LEAKS]),
  ],
  { cwd: root, stdio: "inherit", env: environment },
);
process.exit(result.status ?? 1);
