import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Etcd3 } from "etcd3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { etcdIsInstalled } from "../support/etcd-server.ts";
import { eventually } from "../support/stack.ts";

const START = fileURLToPath(new URL("../../examples/quick-start/start.mjs", import.meta.url));
const FREE = ["gateway", "status", "admin", "etcd", "store", "upstream"].flatMap((name) => [
  `--${name}-port`,
  "0",
]);

interface Started {
  readonly child: ChildProcess;
  readonly output: string;
  readonly urls: Readonly<Record<"gateway" | "exporter" | "etcd", string>>;
}

async function start(...flags: string[]): Promise<Started> {
  const child = spawn(process.execPath, [START, ...FREE, ...flags], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      output += part;
    });
  }
  await eventually(() => {
    if (child.exitCode !== null) throw new Error(`npm start ended: ${output}`);
    expect(output).toContain("Ctrl-C ends everything");
  }, 60);
  const url = (what: string) =>
    new RegExp(`^  ${what}\\s+(http://127\\.0\\.0\\.1:\\d+)`, "m").exec(output)?.[1] as string;
  return {
    child,
    output,
    urls: { gateway: url("gateway"), exporter: url("exporter"), etcd: url("etcd") },
  };
}

async function stop({ child }: Started): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill("SIGINT");
  return ended;
}

const variants = [
  { name: "the embedded etcd", flags: ["--embedded-etcd"], runs: true },
  { name: "the etcd on the PATH", flags: [], runs: etcdIsInstalled() },
];

describe.each(variants.filter(({ runs }) => runs))("npm start on $name", ({ flags }) => {
  let started: Started;

  beforeAll(async () => {
    started = await start(...flags);
  });
  afterAll(async () => {
    await stop(started);
  });

  it("answers the demo route from the upstreams by weight, 3 : 2 : 1", async () => {
    const seen: Record<string, number> = {};
    for (let i = 0; i < 6; i++) {
      const response = await fetch(`${started.urls.gateway}/hello`);
      const { upstream } = (await response.json()) as { upstream: string };
      seen[upstream] = (seen[upstream] ?? 0) + 1;
    }
    expect(seen).toEqual({ red: 3, green: 2, blue: 1 });
  });

  it("serves a route put into etcd within 3 s, and APISIX's 404 after it is deleted", async () => {
    const client = new Etcd3({ hosts: started.urls.etcd });
    const url = `${started.urls.gateway}/try`;
    await client.put("/apisix/routes/try").value('{"uri":"/try","upstream_id":"demo"}');
    await eventually(async () => expect((await fetch(url)).status).toBe(200), 3);
    await client.delete().key("/apisix/routes/try");
    await eventually(async () => expect((await fetch(url)).status).toBe(404), 3);
    expect(await (await fetch(url)).text()).toBe('{"error_msg":"404 Route Not Found"}\n');
    client.close();
  });

  it("serves the change to a single request after 3 s of silence", async () => {
    const client = new Etcd3({ hosts: started.urls.etcd });
    const url = `${started.urls.gateway}/once`;
    await client.put("/apisix/routes/once").value('{"uri":"/once","upstream_id":"demo"}');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect((await fetch(url)).status).toBe(200);
    await client.delete().key("/apisix/routes/once");
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect((await fetch(url)).status).toBe(404);
    client.close();
  });

  it("takes the printed call of the Admin API, and serves its route", async () => {
    const [, url, key, body] =
      /curl -s (\S+) -H 'X-API-KEY: (\w+)' -X PUT -d '(.*)'/.exec(started.output) ?? [];
    const headers = { "x-api-key": key as string };
    const answer = await fetch(url as string, { method: "PUT", headers, body: body as string });
    expect(answer.status).toBe(201);
    const revision = answer.headers.get("x-snapgate-revision");
    const wait = `${started.urls.exporter}/status?wait_for_revision=${revision}&timeout=20`;
    expect((await fetch(wait)).status).toBe(200);
    const served = async () => (await fetch(`${started.urls.gateway}/admin`)).status;
    await eventually(async () => expect(await served()).toBe(200), 3);
    expect((await fetch(url as string, { method: "DELETE" })).status).toBe(401);
  });

  it("says what to try next, and every printed address answers", async () => {
    expect(started.output).toContain("curl");
    expect(started.output).toContain("etcdctl");
    expect((await fetch(`${started.urls.exporter}/status`)).status).toBe(200);
    expect((await fetch(`${started.urls.exporter}/healthz`)).status).toBe(200);
    const edge = await fetch(`${started.urls.gateway}/snapgate/status`, {
      headers: { authorization: "Bearer dev" },
    });
    expect(edge.status).toBe(200);
  });

  it("ends every child on Ctrl-C", async () => {
    expect(await stop(started)).toBe(0);
    for (const url of Object.values(started.urls)) {
      await expect(fetch(url), url).rejects.toThrow();
    }
  });
});

describe("npm start", () => {
  it("says which port is in use, for what, and how to move it", async () => {
    const first = await start("--embedded-etcd", "--no-demo");
    const { port } = new URL(first.urls.gateway);
    const child = spawn(process.execPath, [START, ...FREE, "--gateway-port", port], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (part: string) => {
      errors += part;
    });
    const code = await new Promise((resolve) => child.once("exit", resolve));
    await stop(first);
    expect(code).toBe(1);
    expect(errors).toContain(
      `port ${port} (the gateway) is in use; stop what listens there or pass --gateway-port PORT`,
    );
  });

  it("refuses a flag that it does not know and shows the ones that it knows", async () => {
    const child = spawn(process.execPath, [START, "--nonsense"], { stdio: "ignore" });
    expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(2);
  });
});
