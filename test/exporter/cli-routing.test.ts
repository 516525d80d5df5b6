import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningEtcd, writeToEtcd } from "../../examples/quick-start/etcd.ts";
import { freePort } from "../../examples/quick-start/ports.ts";
import { type CliWorld, runSnapgate, startCliWorld } from "../support/snapgate-cli.ts";

const node = { type: "roundrobin", nodes: { "10.0.0.7:8080": 1 } };

/** `snapgate match` and `snapgate lint` as an operator types them, on a real store and etcd. */
describe("snapgate", () => {
  let world: CliWorld;
  let folder: string;
  let etcd: RunningEtcd;
  let environment: Readonly<Record<string, string>>;

  beforeAll(async () => {
    world = await startCliWorld();
    ({ environment, etcd, folder } = world);
    await put({
      "routes/orders": { uri: "/orders/*", host: "shop.test", methods: ["GET"], upstream_id: "u" },
      "routes/vip": {
        uri: "/orders/*",
        host: "shop.test",
        priority: 9,
        vars: [["cookie_level", "==", "vip"]],
        upstream_id: "u",
      },
      "routes/office": { uri: "/office", remote_addr: "10.0.0.0/8", upstream_id: "u" },
      "routes/form": { uri: "/form", vars: [["post_arg_a", "==", "1"]], upstream_id: "u" },
      "upstreams/u": node,
    });
    await snapgate("publish");
  });
  afterAll(() => world.stop());

  const snapgate = (...args: string[]) => runSnapgate(args, environment).ended;
  const put = (values: Readonly<Record<string, object>>) =>
    writeToEtcd(
      etcd.endpoint,
      new Map(
        Object.entries(values).map(([key, value]) => [`/apisix/${key}`, JSON.stringify(value)]),
      ),
    );
  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it("knows of the edge's bindings by EDGE_UPSTREAM_BINDINGS", async () => {
    const call = { uri: "/call", upstream: { scheme: "grpc", nodes: { "10.0.0.7:50051": 1 } } };
    const path = file("grpc.json", JSON.stringify({ routes: [{ id: "call", ...call }] }));
    const told = { ...environment, EDGE_UPSTREAM_BINDINGS: "routes/call" };
    const lint = (of: Readonly<Record<string, string>>) => runSnapgate(["lint", path], of).ended;
    const without = await lint(environment);
    expect(without.code).toBe(1);
    expect(without.out).toContain('name a binding for "routes/call" or "grpc"');
    expect((await lint(told)).code).toBe(0);
    await put({ "routes/call": call });
    const match = ["match", "GET", "http://any.test/call", "--from", "etcd"];
    expect((await runSnapgate(match, environment).ended).out).toContain("503");
    expect((await runSnapgate(match, told).ended).out).toContain("sent on to routes/call");
  });

  it("says of a service in DNS who knows its nodes", async () => {
    const upstream = { service_name: "orders.test", discovery_type: "dns" };
    await put({ "routes/found": { uri: "/found", upstream } });
    const { code, out } = await snapgate("match", "GET", "http://a.test/found", "--from", "etcd");
    expect(code).toBe(0);
    expect(out).toContain(
      "sent on to routes/found (roundrobin, http): what DNS says of orders.test",
    );
  });

  describe("match", () => {
    it("tells which route serves a request, and why the others do not", async () => {
      const { code, out } = await snapgate("match", "GET", "https://shop.test/orders/7?a=b");
      expect(code).toBe(0);
      expect(out.split("\n").slice(0, 13)).toEqual([
        "generation 1 (live), router radixtree_host_uri",
        "request  GET /orders/7",
        "host     shop.test",
        "client   0.0.0.0 (unknown; --client gives one)",
        "query    a=b",
        "",
        "match     routes/orders",
        "by        shop.test/orders/*",
        "captured  :ext = 7",
        "then      sent on to upstreams/u (roundrobin, http): 10.0.0.7:8080 (weight 1)",
        "",
        "why not the others, the closest first:",
        '  routes/vip     shop.test/orders/*  vars[0]: ["cookie_level","==","vip"]; found nothing',
      ]);
    });

    it("takes headers, the client's address and a body", async () => {
      const cookie = ["-H", "Host: shop.test", "-H", "Cookie: level=vip"];
      const json = async (...args: string[]) => {
        const { code, out } = await snapgate("match", ...args, "--json");
        return { code, key: JSON.parse(out).match?.key };
      };
      expect(await json("get", "/orders/7", ...cookie)).toEqual({ code: 0, key: "routes/vip" });
      const client = ["--client", "10.1.2.3"];
      expect(await json("GET", "http://x/office", ...client)).toEqual({
        code: 0,
        key: "routes/office",
      });
      const form = ["-H", "Content-Type: application/x-www-form-urlencoded"];
      const body = ["--body-file", file("body", "a=1")];
      expect((await json("POST", "http://x/form", ...form, ...body)).key).toBe("routes/form");
      expect((await json("POST", "http://x/form", ...form, "--body", "a=1")).key).toBe(
        "routes/form",
      );
    });

    it("ends with 1 where no route matches, and tells what came closest", async () => {
      const { code, out } = await snapgate(
        "match",
        "PUT",
        "http://shop.test/orders/7",
        "--most",
        "1",
      );
      expect(code).toBe(1);
      expect(out).toContain("then   404: no route");
      expect(out).toContain("  routes/vip  shop.test/orders/*  vars[0]: ");
      expect(out).toContain("and more: 2 for another path, 1 for another method");
      const all = await snapgate("match", "PUT", "http://shop.test/orders/7", "--all");
      expect(all.out).toContain("routes/office");
    });

    it("reads an older generation, or what etcd holds now", async () => {
      await put({ "routes/new": { uri: "/orders/*", host: "shop.test", upstream: node } });
      const post = ["match", "POST", "http://shop.test/orders/7"];
      expect((await snapgate(...post)).code).toBe(1);
      const now = await snapgate(...post, "--from", "etcd");
      expect(now.code).toBe(0);
      expect(now.out).toMatch(/^etcd at revision \d+, router radixtree_host_uri\n/);
      expect(now.out).toContain("match     routes/new");
      await snapgate("publish");
      expect((await snapgate(...post)).out).toMatch(/^generation 2 \(live\)/);
      const old = await snapgate(...post, "--generation", "1");
      expect(old).toMatchObject({
        code: 1,
        out: expect.stringMatching(/^generation 1 \(not live\)/),
      });
    });

    it("matches with the edge's settings", async () => {
      const slash = ["match", "GET", "http://x/office/", "--client", "10.0.0.1"];
      expect((await snapgate(...slash)).code).toBe(1);
      expect((await snapgate(...slash, "--delete-uri-tail-slash")).code).toBe(0);
    });

    it.each([
      ["GET"],
      ["GET", "/x"],
      ["GET", "nonsense"],
      ["GET", "http://x/", "-H", "no header"],
      ["GET", "http://x/", "--client", "here"],
      ["GET", "http://x/", "--body-file", "/nowhere/none"],
      ["GET", "http://x/", "--from", "elsewhere"],
      ["GET", "http://x/", "--from", "etcd", "--generation", "1"],
    ])("ends with 2 for what is no request: %s %s %s %s %s %s", async (...args) => {
      const { code, out, err } = await snapgate("match", ...args);
      expect({ code, out, isSaid: err !== "" }).toEqual({ code: 2, out: "", isSaid: true });
    });

    it("ends with 1 for a generation that is not kept", async () => {
      const gone = await snapgate("match", "GET", "http://x/", "--generation", "99");
      expect(gone).toMatchObject({ code: 1, err: expect.stringContaining("no generation 99") });
    });
  });

  describe("lint", () => {
    const good = `routes:
  - {id: a, uri: /a, upstream_id: u}
upstreams:
  - {id: u, nodes: {"a.test:80": 1}}
#END
`;

    it("ends with 0 where there is nothing to do", async () => {
      expect(await snapgate("lint", file("good.yaml", good))).toEqual({
        code: 0,
        out: "2 resources, radixtree_host_uri: 0 errors, 0 warnings, 0 notes\n",
        err: "",
      });
    });

    it("groups what it finds by severity, with place, reason and remedy", async () => {
      const path = file(
        "bad.yaml",
        good.replace(
          "upstreams:",
          "  - {id: b, uri: /a, upstream_id: u}\n  - {id: c, uri: /c, upstream_id: none}\nupstreams:",
        ),
      );
      const { code, out } = await snapgate("lint", path);
      expect(code).toBe(1);
      expect(out.split("\n")).toEqual([
        "errors:",
        "  /routes/c upstream_id (line 4): dangling: " +
          "there is no upstream none; requests that need it are answered with 502",
        "    put /upstreams/none, or correct upstream_id",
        "",
        "warnings:",
        "  /routes/b (line 3): shadowed: it never matches: /routes/a always comes first",
        "    take it out, give it a higher priority, or narrow what comes first",
        "",
        "4 resources, radixtree_host_uri: 1 error, 1 warning, 0 notes",
        "",
      ]);
    });

    it("tells all of it as JSON, and of a few as text", async () => {
      const members = Array.from({ length: 9 }, (_, i) => ({
        id: `r${i}`,
        uri: "/same",
        upstream: node,
      }));
      const path = file("many.json", JSON.stringify({ routes: members }));
      const { code, out } = await snapgate("lint", path, "--json");
      expect(code).toBe(1);
      const report = JSON.parse(out);
      expect(report).toMatchObject({ resources: 9, counts: { error: 0, warning: 8, note: 0 } });
      expect(report.findings[0]).toEqual({
        severity: "warning",
        rule: "shadowed",
        key: "/routes/r1",
        path: "",
        problem: "it never matches: /routes/r0 always comes first",
        remedy: "take it out, give it a higher priority, or narrow what comes first",
      });
      const few = await snapgate("lint", path, "--most", "2");
      expect(few.out).toContain("  and 6 more; --most or --json tells of them\n");
    });

    it("reads etcd with its prefix, and the router from ROUTER", async () => {
      const settings = { ...environment, ETCD_PREFIX: "/other", ROUTER: "radixtree_uri" };
      const route = { uri: "/x", upstream: node };
      const values = { a: { ...route, host: "*.test" }, b: { ...route, host: "b.test" } };
      await writeToEtcd(
        etcd.endpoint,
        new Map(
          Object.entries(values).map(([id, value]) => [
            `/other/routes/${id}`,
            JSON.stringify(value),
          ]),
        ),
      );
      const { code, out } = await runSnapgate(["lint", "etcd"], settings).ended;
      expect(code).toBe(1);
      expect(out).toContain(
        "/other/routes/b: shadowed: it never matches: /other/routes/a always comes first",
      );
      const byHost = { ...settings, ROUTER: "radixtree_host_uri" };
      expect((await runSnapgate(["lint", "etcd"], byHost).ended).code).toBe(0);
    });

    it("ends with 2 for a file that cannot be read, with 1 for an etcd that cannot", async () => {
      expect((await snapgate("lint")).code).toBe(2);
      expect(await snapgate("lint", join(folder, "none.yaml"))).toMatchObject({
        code: 2,
        err: expect.stringContaining("want the path of a file that can be read"),
      });
      const away = { ...environment, ETCD_ENDPOINTS: `http://127.0.0.1:${await freePort()}` };
      expect(await runSnapgate(["lint", "etcd"], away).ended).toMatchObject({
        code: 1,
        err: expect.stringContaining("ECONNREFUSED"),
      });
    });
  });
});
