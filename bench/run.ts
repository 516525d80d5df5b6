import { admin } from "./admin.ts";
import { limits } from "./limits.ts";
import { plugins } from "./plugins.ts";
import { publish } from "./publish.ts";
import { routing } from "./routing.ts";
import { measureExporter } from "./spine/exporter.ts";
import { spine } from "./spine.ts";
import type { Report } from "./support/report.ts";
import { upstream } from "./upstream.ts";

/**
 * `npm run bench -- NAME [--json]`. Every benchmark prints tables for a person or, with `--json`, one JSON
 * object of the same figures. Compare ratios within one run: machines differ and are shared.
 */

const benchmarks: Readonly<Record<string, (say: (line: string) => void) => Promise<Report>>> = {
  spine,
  /** The last part of `spine` alone. */
  exporter: measureExporter,
  publish,
  routing,
  upstream,
  admin,
  plugins,
  limits,
};

const [name = "", ...flags] = process.argv.slice(2);
const benchmark = benchmarks[name];
if (!benchmark) {
  console.error(`usage: npm run bench -- ${Object.keys(benchmarks).join("|")} [--json]`);
  process.exit(2);
}
try {
  const report = await benchmark((line) => console.error(line));
  console.log(flags.includes("--json") ? JSON.stringify(report.figures) : report.text);
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
