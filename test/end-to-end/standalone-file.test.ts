import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningEdge, startEdge } from "../../examples/quick-start/edge.ts";
import { freePort } from "../../examples/quick-start/ports.ts";
import { type RunningCommand, runSnapgate } from "../support/snapgate-cli.ts";
import { eventually } from "../support/stack.ts";
import { startUpstream } from "../support/upstream.ts";

/** `snapgate export --config apisix.yaml`, a bucket and a real edge; no etcd anywhere. */
describe("a gateway without etcd", () => {
  let folder: string;
  let path: string;
  let edge: RunningEdge;
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  let exporter: RunningCommand;
  let statusPort: number;

  const yaml = (...ids: string[]) => {
    const upstreams = `upstreams:\n  - {id: u, type: roundrobin, nodes: {"${upstream.node}": 1}}\n`;
    const routes = ids.map((id) => `  - {id: ${id}, uri: /${id}, upstream_id: u}`);
    return `${upstreams}routes:\n${routes.join("\n")}\n#END\n`;
  };
  const statusOf = async (at: string) => (await fetch(`${edge.url}${at}`)).status;
  const report = async () => {
    const answer = await fetch(`http://127.0.0.1:${statusPort}/status`);
    return (await answer.json()) as { file: { state: string; problems: { problem: string }[] } };
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "snapgate-standalone-"));
    path = join(folder, "apisix.yaml");
    const bindings = { SNAPGATE_NAMESPACE: "default", REFRESH_INTERVAL_MS: "0" };
    [edge, upstream] = await Promise.all([
      startEdge({ port: 0, storePort: 0, bindings }),
      startUpstream(),
    ]);
    statusPort = await freePort();
    writeFileSync(path, yaml("a"));
    exporter = runSnapgate(["export", "--config", path], {
      HOME: folder,
      STORE: "s3",
      S3_ENDPOINT: edge.store.endpoint,
      S3_BUCKET: edge.store.bucket,
      S3_ACCESS_KEY_ID: edge.store.accessKeyId,
      S3_SECRET_ACCESS_KEY: edge.store.secretAccessKey,
      STATUS_LISTEN: `127.0.0.1:${statusPort}`,
      PUBLISH_INTERVAL_MS: "0",
      LOG_LEVEL: "error",
    });
  });
  afterAll(async () => {
    exporter.child.kill("SIGTERM");
    await exporter.ended;
    await edge.stop();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("serves what the file has, and what it has after a change", async () => {
    await eventually(async () => expect(await statusOf("/a")).toBe(200));
    expect(await statusOf("/b")).toBe(404);
    const next = join(folder, "next.yaml");
    writeFileSync(next, yaml("a", "b"));
    renameSync(next, path);
    await eventually(async () => expect(await statusOf("/b")).toBe(200));
  });

  it("serves on while the file is broken, and says so", async () => {
    writeFileSync(path, yaml("b").replace("#END", ""));
    await eventually(async () => {
      const { file } = await report();
      expect(file.state).toBe("refused");
      expect(file.problems[0]?.problem).toContain("#END");
    });
    expect(await statusOf("/a")).toBe(200);
    writeFileSync(path, yaml("b"));
    await eventually(async () => expect(await statusOf("/a")).toBe(404));
    expect(await statusOf("/b")).toBe(200);
  });
});
