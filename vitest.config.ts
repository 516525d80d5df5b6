import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/**
 * Two kinds of test: those that need Node (the exporter, everything that starts a process) and those
 * that run inside workerd (the edge). A file says which by its folder: `test/edge/**` is workerd.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "node",
          environment: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/edge/**", "test/soak/**"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
        test: {
          name: "workerd",
          include: ["test/edge/**/*.test.ts"],
          globalSetup: ["test/support/scripted-upstreams.ts"],
          testTimeout: 30_000,
        },
      },
    ],
  },
});
