#!/usr/bin/env node
import { spawn } from "node:child_process";
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
    const mend = "run `npm ci` or use 22.18 or newer";
    console.error(`snapgate: Node.js ${process.version} is too old; ${mend}`);
    process.exit(2);
  }
  handOver(bundled);
}

/** Signals meant for us are meant for the program; its exit code is ours. */
function handOver(node) {
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) {
    // A terminal's Ctrl-C reaches the child by itself.
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}
