import { expect, it } from "vitest";
import { indexedRoute } from "../../../exporter/compile/indexed-route.ts";
import { node, ResourceWorld, routeTo } from "../../support/resource-world.ts";

function indexedRoutes({ table }: ResourceWorld) {
  return [...table.ofKind("routes")]
    .map((route) => indexedRoute(route, table))
    .filter((route) => route !== undefined);
}

/** The hosts that each indexed route has, by id. */
function hostsById(world: ResourceWorld): Record<string, readonly string[]> {
  return Object.fromEntries(indexedRoutes(world).map(({ id, hosts }) => [id, hosts]));
}

it("a route has its own hosts, else its service's, else none", () => {
  const world = new ResourceWorld();
  world.put({
    "services/s": { hosts: ["Service.com"], upstream: node },
    "services/open": { upstream: node },
    "routes/one": routeTo("/a", { host: "One.com", service_id: "s" }),
    "routes/some": routeTo("/a", { hosts: ["b.com", "*.C.com"], service_id: "s" }),
    "routes/inherits": { uri: "/a", service_id: "s" },
    "routes/open": { uri: "/a", service_id: "open" },
    "routes/dangling": { uri: "/a", service_id: "gone" },
    "routes/none": routeTo("/a"),
  });
  expect(hostsById(world)).toEqual({
    one: ["one.com"],
    some: ["b.com", "*.c.com"],
    inherits: ["service.com"],
    open: [],
    dangling: [],
    none: [],
  });
});

it("a disabled route, and one whose condition the edge cannot evaluate, is not indexed", () => {
  const world = new ResourceWorld();
  world.put({
    "routes/on": routeTo("/a", { status: 1, vars: [] }),
    "routes/off": routeTo("/a", { status: 0 }),
    "routes/lua": routeTo("/a", { filter_func: "function(vars) return true end" }),
  });
  expect(world.table.rejections()).toEqual([]);
  expect(Object.keys(hostsById(world))).toEqual(["on"]);
});

it("paths, methods, priority and conditions are the route's", () => {
  const world = new ResourceWorld();
  const own = { uris: ["/a", "/b/*"], methods: ["GET", "POST"], priority: 3 };
  const vars = [["arg_x", "==", "1"]];
  world.put({
    "routes/a": { ...own, vars, remote_addr: "10.0.0.1", upstream: node },
    "routes/b": { ...own, remote_addrs: ["10.0.0.0/8", "::1"], upstream: node },
  });
  const [a, b] = indexedRoutes(world);
  expect(a).toEqual({ ...own, id: "a", hosts: [], vars, remoteAddrs: ["10.0.0.1"] });
  expect(b).toEqual({ ...own, id: "b", hosts: [], remoteAddrs: ["10.0.0.0/8", "::1"] });
});
