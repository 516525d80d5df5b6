import { readdirSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeToEtcd } from "../../examples/quick-start/etcd.ts";
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

  const snapgate = (...args: string[]) => runSnapgate(args, world.environment).ended;

  it("imports it into etcd, telling before what it would do", async () => {
    const lists = `upstreams:
  - {id: u, type: roundrobin, nodes: {"127.0.0.1:80": 1}}
routes:
  - {id: 1, uri: /a, upstream_id: u}
  - {uri: /b, upstream_id: u}
#END
`;
    const path = file("import.yaml", lists);
    const dry = await snapgate("import", path, "--dry-run");
    expect(dry).toMatchObject({ code: 0, out: expect.stringContaining("would create routes/1\n") });
    expect(dry.err).toContain("routes/arr_2 has no id");
    expect((await snapgate("dump")).out).toBe("#END\n");
    const first = await snapgate("import", path);
    expect(first.out).toContain("3 created, 0 updated, 0 deleted, 0 unchanged; in 1 transaction\n");
    file(
      "import.yaml",
      lists.replace("/a,", "/changed,").replace("  - {uri: /b", "  - {id: named, uri: /b"),
    );
    const report = JSON.parse((await snapgate("import", path, "--prune", "--json")).out);
    expect(report).toMatchObject({
      created: ["routes/named"],
      updated: ["routes/1"],
      deleted: ["routes/arr_2"],
      unchanged: 1,
      isDryRun: false,
    });
  });

  it("imports nothing of a file of which anything is wrong, and names all of it with its line", async () => {
    const path = file(
      "wrong.yaml",
      `routes:
  - {id: fine, uri: /fine}
  - {id: typo, uri: /a, upstrem_id: u}
  - {id: dangling, uri: /b, upstream_id: nowhere}
consumers:
  - {username: one, plugins: {key-auth: {key: same}}}
  - {username: two, plugins: {key-auth: {key: same}}}
#END
`,
    );
    const { code, err, out } = await snapgate("import", path);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/routes\/typo: .*upstrem_id.*line 3 of wrong\.yaml/);
    expect(err).toMatch(/routes\/dangling: .*upstream id \[nowhere\].*line 4/);
    expect(err).toMatch(/consumers\/two: duplicate key of plugin key-auth/);
    expect((await snapgate("dump")).out).not.toContain("fine");
    const broken = file("broken.json", "{");
    expect(await snapgate("import", broken)).toMatchObject({
      code: 1,
      err: expect.stringContaining("it is no JSON"),
    });
  });

  it.each(["yaml", "json"])(
    "dumps what etcd holds as %s, which imports as no difference",
    async (format) => {
      const secret = {
        consumers: [
          { username: "jack", desc: "yes", labels: { no: "1:20", on: "0o7" } },
          { id: "jack/credentials/c1", plugins: { "key-auth": { key: "k" } } },
        ],
      };
      await snapgate("import", file("more.json", JSON.stringify(secret)));
      const path = join(world.folder, `dumped.${format}`);
      const dumped = await snapgate("dump", path);
      expect(dumped).toMatchObject({ code: 0, out: "" });
      expect(dumped.err).toContain("it holds secrets, e.g. of consumers/jack/credentials/c1");
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(await readFile(path, "utf8")).not.toContain("create_time");
      const again = await snapgate("import", path, "--prune");
      expect(again.out).toBe("0 created, 0 updated, 0 deleted, 5 unchanged; in 0 transactions\n");
      expect(await snapgate("lint", path)).not.toMatchObject({ code: 2 });
    },
  );

  it("says what it left out of a dump, with 1", async () => {
    const values = new Map([
      ["/apisix/routes/odd", "no JSON"],
      ["/apisix/routes/", "init_dir"],
    ]);
    await writeToEtcd(world.etcd.endpoint, values);
    const { code, err, out } = await snapgate("dump", "--format", "json");
    expect(code).toBe(1);
    expect(err).toContain("no JSON object: routes/odd\n");
    expect(JSON.parse(out)).toHaveProperty("consumers");
  });
});
