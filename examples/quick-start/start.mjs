import { spawn } from "node:child_process";
import { join } from "node:path";
import { bundledNode, ensureInstalled, root } from "./ensure-installed.mjs";

// `npm start`: makes sure that the packages are there, then hands over to start.ts on the Node that
// runs TypeScript. Signals reach the child by themselves on a terminal; from elsewhere they are passed.
ensureInstalled();
const script = join(root, "examples", "quick-start", "start.ts");
const child = spawn(bundledNode(), [script, ...process.argv.slice(2)], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
