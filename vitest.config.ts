import { availableParallelism } from "node:os";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/**
 * Two kinds of test: those that need Node (the exporter, everything that starts a process) and those
 * that run inside workerd (the edge, and what reads the platform's requests). A file says which by its
 * folder.
 */
const inWorkerd = ["test/edge/**", "test/shared/request/**"];

export default defineConfig({
  test: {
    // Vitest leaves one CPU free, which of two is half; most tests wait for processes that they started.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        test: {
          name: "node",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: [...inWorkerd, "test/soak/**"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: {
          name: "workerd",
          include: inWorkerd.map((folder) => `${folder}/*.test.ts`),
          globalSetup: ["test/support/scripted-upstreams.ts"],
          // An isolate of its own for each file costs three quarters of the time, mostly to load the plugins.
          isolate: false,
          testTimeout: 30_000,
        },
      },
    ],
  },
});
