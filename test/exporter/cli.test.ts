import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningEtcd, writeToEtcd } from "../../examples/quick-start/etcd.ts";
import { freePort } from "../../examples/quick-start/ports.ts";
import { type CliWorld, runSnapgate, startCliWorld } from "../support/snapgate-cli.ts";

/** The commands as an operator types them, on a real store and etcd. */
describe("snapgate", () => {
  let world: CliWorld;
  let folder: string;
  let etcd: RunningEtcd;
  let environment: Readonly<Record<string, string>>;

  beforeAll(async () => {
    world = await startCliWorld();
    ({ environment, etcd, folder } = world);
  });
  afterAll(() => world.stop());

  const run = (args: readonly string[], settings = environment, node?: string) =>
    runSnapgate(args, { HOME: folder, ...settings }, node);
  const snapgate = (...args: string[]) => run(args).ended;
  const routes = (from: number, to: number) =>
    new Map(
      Array.from({ length: to - from }, (_, i) => {
        const value = { uri: `/r${from + i}`, upstream: { nodes: { "127.0.0.1:80": 1 } } };
        return [`/apisix/routes/r${from + i}`, JSON.stringify(value)] as const;
      }),
    );

  it("shows its commands, settings and exit codes", async () => {
    const { code, out } = await snapgate("--help");
    expect(code).toBe(0);
    for (const word of [
      "export",
      "publish",
      "generations",
      "show",
      "rollback",
      "resume",
      "match",
      "lint",
      "import",
      "dump",
      "ETCD_ENDPOINTS",
      "3 held",
    ]) {
      expect(out).toContain(word);
    }
    expect((await snapgate("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("ends with 2 for a command or a configuration that is wrong, and lists every problem", async () => {
    expect((await snapgate("frobnicate")).code).toBe(2);
    expect((await snapgate("show", "many")).code).toBe(2);
    const { code, err } = await run(["export"], { STORE: "s3", ROUTER: "x" }).ended;
    expect(code).toBe(2);
    for (const name of ["ROUTER", "S3_BUCKET", "S3_ACCESS_KEY_ID"]) expect(err).toContain(name);
  });

  it("publishes once, and says when there is nothing to publish", async () => {
    await writeToEtcd(etcd.endpoint, routes(0, 30));
    expect(await snapgate("export", "--once")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^published generation 1 /),
    });
    expect((await snapgate("export", "--once")).out).toBe(
      "generation 1 has this content already\n",
    );
  });

  it("lists and shows generations", async () => {
    await writeToEtcd(etcd.endpoint, routes(30, 31));
    await snapgate("publish");
    const { out } = await snapgate("generations");
    expect(out.split("\n")[0]).toMatch(/^\* {2}2 .+31 routes/);
    const json = JSON.parse((await snapgate("generations", "--json")).out);
    expect(json.list.map((each: { live: boolean }) => each.live)).toEqual([true, false]);
    expect((await snapgate("show", "1")).out).toContain("routes/r7");
    expect(JSON.parse((await snapgate("show", "1", "routes/r7")).out)).toMatchObject({
      value: { uri: "/r7" },
    });
    expect(await snapgate("show", "9")).toMatchObject({
      code: 1,
      err: expect.stringContaining("kept: 1 to 2"),
    });
  });

  it("rolls back and holds, with 3 for who would publish over it, until resumed", async () => {
    expect((await snapgate("rollback", "1")).out).toContain("generation 3 repeats generation 1");
    const held = await snapgate("export", "--once");
    expect(held).toMatchObject({
      code: 3,
      err: expect.stringContaining("rollback to generation 1"),
    });
    expect((await snapgate("generations")).out).toContain("held: rollback to generation 1");
    expect((await snapgate("resume")).out).toBe("the hold has ended\n");
    expect((await snapgate("resume")).out).toBe("there was no hold\n");
    expect((await snapgate("export", "--once")).out).toContain("published generation 4");
  });

  it("holds a sudden loss with 3, and lets it through by force", async () => {
    const empty = { ...environment, ETCD_PREFIX: "/elsewhere" };
    await writeToEtcd(
      etcd.endpoint,
      new Map([["/elsewhere/routes/a", [...routes(0, 1).values()][0] as string]]),
    );
    const held = await run(["publish"], empty).ended;
    expect(held).toMatchObject({ code: 3, err: expect.stringContaining("31 of 31 live routes") });
    const forced = await run(["publish", "--force"], empty).ended;
    expect(forced).toMatchObject({
      code: 0,
      out: expect.stringContaining("published generation 5"),
    });
  });

  it("lists generations beside one whose manifest is damaged, of which it says so", async () => {
    const manifests = join(folder, "store", "default", "manifests");
    const first = readdirSync(manifests).sort()[0] as string;
    writeFileSync(join(manifests, first), "{");
    const { code, out } = await snapgate("generations");
    expect(code).toBe(0);
    expect(out).toMatch(/^\* {2}5 /);
    expect(out).toMatch(/^ {3}1 {2}manifests\/\S+ is corrupt: /m);
    expect((await snapgate("show", "1")).code).toBe(1);
  });

  it("on an older Node.js hands over to the bundled one, signals and exit code included", async () => {
    const older = olderNode();
    if (older === undefined) return; // This machine's own Node.js runs TypeScript itself.
    expect((await run(["frobnicate"], environment, older).ended).code).toBe(2);
    const port = await freePort();
    const settings = { ...environment, STATUS_LISTEN: `127.0.0.1:${port}` };
    const { child, ended } = run(["export"], settings, older);
    await ready(port);
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });

  it("ends with 0 on SIGTERM", async () => {
    const port = await freePort();
    const { child, ended } = run(["export"], {
      ...environment,
      STATUS_LISTEN: `127.0.0.1:${port}`,
    });
    await ready(port);
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });

  it("says that its port is in use, and what to set", async () => {
    const port = new URL(etcd.endpoint).port;
    const { code, err } = await run(["export"], {
      ...environment,
      STATUS_LISTEN: `127.0.0.1:${port}`,
    }).ended;
    expect(code).toBe(1);
    expect(err).toContain("the port is in use; set STATUS_LISTEN to another address");
  });
});

async function ready(port: number): Promise<void> {
  for (let i = 0; i < 200; i++) {
    const isReady = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("snapgate export did not become ready within 10 s");
}

/** A Node.js on the PATH that cannot run TypeScript by itself. */
function olderNode(): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const node = join(folder, "node");
    const { stdout } = spawnSync(node, ["--version"], { encoding: "utf8" });
    if (/^v2[01]\./.test(stdout ?? "")) return node;
  }
  return undefined;
}
