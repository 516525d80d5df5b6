#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// `snapgate`, on any Node.js from 20. The program is TypeScript, which Node.js runs from 22.18 on; an
// older one hands over to the Node.js that `npm ci` brought along.

const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, "snapgate.ts");
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  await import(program);
} else {
  const bundled = join(here, "..", "..", "node_modules", ".bin", "node");
  if (!existsSync(bundled)) {
    console.error(
      `snapgate: Node.js ${process.version} is too old; run \`npm ci\` or use 22.18 or newer`,
    );
    process.exit(2);
  }
  const result = spawnSync(bundled, [program, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exit(result.status ?? 1);
}
