import { spawn } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningEtcd, startEtcd } from "../../../examples/quick-start/etcd.ts";
import { freePort } from "../../../examples/quick-start/ports.ts";

const PROGRAM = join(import.meta.dirname, "../../../examples/quick-start/etcdctl.ts");

describe("the stand-in for etcdctl", () => {
  let etcd: RunningEtcd;

  beforeAll(async () => {
    etcd = await startEtcd({
      endpoints: undefined,
      port: await freePort(),
      folder: "",
      embedded: true,
    });
  });
  afterAll(() => etcd?.stop());

  async function run(...args: string[]) {
    const child = spawn(process.execPath, [PROGRAM, `--endpoints=${etcd.endpoint}`, ...args]);
    let out = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (out += part));
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    return { code, out };
  }

  it("puts, gets and deletes, and says what etcdctl says", async () => {
    expect(await run("put", "/apisix/routes/1", '{"uri": "/a b"}')).toEqual({
      code: 0,
      out: "OK\n",
    });
    await run("put", "/apisix/routes/10", "{}");
    const one = '/apisix/routes/1\n{"uri": "/a b"}\n';
    expect((await run("get", "/apisix/routes/1")).out).toBe(one);
    expect((await run("get", "/apisix/", "--prefix")).out).toBe(`${one}/apisix/routes/10\n{}\n`);
    expect((await run("del", "/apisix/routes/1")).out).toBe("1\n");
    expect((await run("del", "/apisix/", "--prefix")).out).toBe("1\n");
    expect((await run("get", "/apisix/", "--prefix")).out).toBe("");
  });

  it("ends with 2 and its usage for anything else", async () => {
    for (const args of [[], ["put", "/a"], ["watch", "/a"]]) {
      expect(await run(...args)).toMatchObject({
        code: 2,
        out: expect.stringContaining("put KEY"),
      });
    }
  });
});
