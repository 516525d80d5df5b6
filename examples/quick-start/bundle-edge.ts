import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";

/**
 * The edge worker as one ES module, bundled the way `wrangler deploy` does; `changes` are for tests that
 * put something in the place of a module.
 */
export async function bundleEdge(
  entry = "../../edge/worker.ts",
  changes: Pick<BuildOptions, "plugins" | "define"> = {},
): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    ...changes,
  });
  const [file] = result.outputFiles;
  if (!file) throw new Error("esbuild wrote no bundle of the edge worker");
  return file.text;
}
