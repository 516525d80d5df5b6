import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The edge worker as one ES module, bundled the way `wrangler deploy` does. */
export async function bundleEdge(entry = "../../edge/worker.ts"): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
  });
  const [file] = result.outputFiles;
  if (!file) throw new Error("esbuild wrote no bundle of the edge worker");
  return file.text;
}
