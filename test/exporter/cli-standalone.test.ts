import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../examples/quick-start/ports.ts";
import { type CliWorld, runSnapgate, startCliWorld } from "../support/snapgate-cli.ts";
import { eventually } from "../support/stack.ts";

const ROUTE = "{id: a, uri: /a, upstream: {type: roundrobin, nodes: {'127.0.0.1:80': 1}}}";

/** The commands about APISIX's standalone files, as an operator types them. */
describe("snapgate with a standalone file", () => {
  let world: CliWorld;
  let withoutEtcd: Readonly<Record<string, string>>;

  beforeAll(async () => {
    world = await startCliWorld();
    const { ETCD_ENDPOINTS: _, ...rest } = world.environment;
    withoutEtcd = rest;
  });
  afterAll(() => world.stop());

  const file = (name: string, text: string) => {
    const path = join(world.folder, name);
    writeFileSync(path, text);
    return path;
  };

  it("publishes it once, by --config or by STANDALONE_FILE, in YAML or JSON", async () => {
    const path = file("apisix.yaml", `routes:\n  - ${ROUTE}\n#END\n`);
    const once = await runSnapgate(["export", "--once", "--config", path], withoutEtcd).ended;
    expect(once).toMatchObject({ code: 0, out: expect.stringMatching(/^published generation 1 /) });
    const again = { ...withoutEtcd, STANDALONE_FILE: path };
    expect((await runSnapgate(["publish"], again).ended).out).toContain("has this content already");
    const upstream = { type: "roundrobin", nodes: { "127.0.0.1:80": 1 } };
    const json = file(
      "apisix.json",
      JSON.stringify({ routes: [{ id: "b", uri: "/b", upstream }] }),
    );
    const other = await runSnapgate(["publish", "--config", json], withoutEtcd).ended;
    expect(other.out).toMatch(/^published generation 2 /);
  });

  it("fails with what is wrong with it, and leaves what is live", async () => {
    const path = file("broken.yaml", `routes:\n  - ${ROUTE}\n`);
    const { code, err } = await runSnapgate(["export", "--once", "--config", path], withoutEtcd)
      .ended;
    expect(code).toBe(1);
    expect(err).toMatch(/broken\.yaml cannot be used: .*#END/);
    const missing = join(world.folder, "none.yaml");
    const none = await runSnapgate(["export", "--config", missing], withoutEtcd).ended;
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining("STANDALONE_FILE") });
    expect(readdirSync(join(world.folder, "store", "default", "manifests"))).toHaveLength(2);
  });

  it("is ready once the file is live, and says which settings do nothing", async () => {
    const path = file("apisix.yaml", `routes:\n  - ${ROUTE}\n#END\n`);
    const port = await freePort();
    const settings = {
      ...world.environment,
      ETCD_ENDPOINTS: "http://127.0.0.1:1",
      LOG_LEVEL: "warn",
      STATUS_LISTEN: `127.0.0.1:${port}`,
    };
    const { child, ended } = runSnapgate(["export", "--config", path], settings);
    await eventually(async () => {
      expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    });
    child.kill("SIGTERM");
    const { code, err } = await ended;
    expect(code).toBe(0);
    expect(err).toMatch(/"settings":\["ETCD_ENDPOINTS"\].*without etcd these settings do nothing/);
  });
});
