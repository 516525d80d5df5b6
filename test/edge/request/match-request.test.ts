import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../edge/errors.ts";
import { matchRequest } from "../../../edge/request/match-request.ts";
import type { OpenSnapshot } from "../../../edge/snapshot/open-snapshot.ts";
import { readRequest } from "../../../shared/request/read-request.ts";
import { DEFAULT_URI_SETTINGS } from "../../../shared/routing/matching-uri.ts";
import { anEdge } from "../../support/edge-world.ts";
import { anUpstream, aRoute, makeSnapshot, type World } from "../../support/snapshots.ts";

const LIMIT = 16;
const SETTINGS = {
  clientIpHeader: "cf-connecting-ip",
  listenPort: undefined,
  trustedProxies: undefined,
  uri: DEFAULT_URI_SETTINGS,
};
const SURROUNDINGS = { now: () => 0, requestId: () => "", maxBodyBytes: LIMIT };

const FORM = { "content-type": "application/x-www-form-urlencoded" };

async function open(world: World): Promise<OpenSnapshot> {
  const edge = anEdge();
  edge.source.publish(await makeSnapshot(world, { generation: 1 }));
  return (await edge.current()) as OpenSnapshot;
}

/** Routes that all have the path `/a`, tried in the order of their ids. */
function routesOf(vars: Readonly<Record<string, unknown>>): World {
  const route = (id: string) =>
    aRoute(id, { uri: "/a", vars: vars[id], upstream: anUpstream(["u.test:80"]) });
  return { routes: Object.fromEntries(Object.keys(vars).map((id) => [id, route(id)])) };
}

async function match(snapshot: Pick<OpenSnapshot, "match">, request: Request) {
  const read = readRequest(request, SETTINGS, SURROUNDINGS);
  if (!read) throw new Error("no request");
  return matchRequest(snapshot, request, read, LIMIT);
}

const post = (body: BodyInit, headers: HeadersInit = FORM) =>
  new Request("http://x.test/a", { method: "POST", headers, body });

const BY_BODY = routesOf({
  a: [["arg_skip", "==", "1"]],
  b: [["post_arg_n", "==", "1"]],
  c: [["post_arg_n", "!", "==", "2"]],
});

describe("the route of a request", () => {
  it("is the first whose conditions hold", async () => {
    const snapshot = await open(routesOf({ a: [["arg_x", "==", "1"]], b: [] }));
    const routeOf = async (url: string) => (await match(snapshot, new Request(url)))?.match.routeId;
    expect(await routeOf("http://x.test/a?x=1")).toBe("a");
    expect(await routeOf("http://x.test/a")).toBe("b");
    expect(await routeOf("http://x.test/b")).toBeUndefined();
  });

  it.each([
    ["n=1", "b"],
    ["n=3", "c"],
    ["n=2", undefined],
  ])("is found by its body %s", async (body, route) => {
    const found = await match(await open(BY_BODY), post(body));
    expect(found?.match.routeId).toBe(route);
  });

  it("comes with the body that was read for it", async () => {
    const request = post("n=1");
    const found = await match(await open(BY_BODY), request);
    expect(new TextDecoder().decode(found?.ahead?.rest as Uint8Array)).toBe("n=1");
    expect(request.bodyUsed).toBe(true);
  });

  it.each([
    ["an earlier route holds without it", "/a?skip=1", FORM, "a"],
    [
      "its type says that there is no such field in it",
      "/a",
      { "content-type": "text/plain" },
      "c",
    ],
    ["another path is asked for", "/b", FORM, undefined],
  ])("is found without reading the body where %s", async (_, path, headers, route) => {
    const request = new Request(`http://x.test${path}`, { method: "POST", headers, body: "n=1" });
    const found = await match(await open(BY_BODY), request);
    expect(found?.match.routeId).toBe(route);
    expect(found?.ahead).toBeUndefined();
    expect(request.bodyUsed).toBe(false);
    expect(new Uint8Array(await request.arrayBuffer())).toEqual(new TextEncoder().encode("n=1"));
  });

  it("is found as if it had no field in it where the body is too long, which goes on whole", async () => {
    const body = `m=${"x".repeat(LIMIT)}&n=1`;
    const stream = new Response(body).body as ReadableStream;
    const found = await match(await open(BY_BODY), post(stream));
    expect(found?.match.routeId).toBe("c");
    expect(await new Response(found?.ahead?.rest).text()).toBe(body);
  });

  it("is found, by its body as well, though its page of the index must be read first", async () => {
    const ids = Array.from({ length: 3000 }, (_, i) => `r${i}`);
    const many = Object.fromEntries(ids.map((id) => [id, aRoute(id)]));
    const edge = anEdge({ budgetBytes: 30_000 });
    const world = { routes: { ...BY_BODY.routes, ...many } };
    edge.source.publish(await makeSnapshot(world, { generation: 1 }));
    const snapshot = (await edge.current()) as OpenSnapshot;
    await edge.settled();
    const readsBefore = edge.source.reads.length;
    for (const id of ["r0", "r1500", "r2999"]) {
      expect((await match(snapshot, new Request(`http://x.test/${id}`)))?.match.routeId).toBe(id);
      expect((await match(snapshot, post("n=1")))?.match.routeId).toBe("b");
    }
    expect(edge.source.reads.length).toBeGreaterThan(readsBefore + 3);
  });
});

describe("a request is answered at once", () => {
  const answerTo = async (world: World, request: Request): Promise<GatewayError> => {
    const error = await match(await open(world), request).then(
      () => undefined,
      (thrown) => thrown,
    );
    if (error instanceof GatewayError) return error;
    throw new Error("no answer");
  };

  it("with 500 where a condition cannot be evaluated", async () => {
    const world = routesOf({ a: [["arg_x", "ipmatch", ["10.0.0.0/8"]]] });
    const error = await answerTo(world, new Request("http://x.test/a?x"));
    expect(error).toMatchObject({ status: 500, fault: "gateway", errorMsg: undefined });
    expect(error.message).toBe("vars[0]: ipmatch on what is neither text nor nothing");
  });

  it("with 500 where a condition on its body cannot be evaluated", async () => {
    const world = routesOf({
      a: [
        ["arg_y", "==", null],
        ["post_arg_n", "ipmatch", "10.0.0.1"],
      ],
    });
    expect(await answerTo(world, post("n"))).toMatchObject({ status: 500 });
  });

  it("with 400 where its body breaks off", async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
    const error = await answerTo(BY_BODY, post(body));
    expect(error).toMatchObject({ status: 400, fault: "downstream" });
  });
});

describe("an error that is no answer", () => {
  it("goes through", async () => {
    const broken = {
      match: () => {
        throw new Error("a mistake");
      },
    };
    await expect(match(broken, new Request("http://x.test/a"))).rejects.toThrow("a mistake");
  });
});
