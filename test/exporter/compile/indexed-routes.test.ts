import { expect, it } from "vitest";
import { indexedRoutes } from "../../../exporter/compile/indexed-routes.ts";
import { node, ResourceWorld, routeTo } from "../../support/resource-world.ts";

/** The hosts that each indexed route has, by id. */
function hostsById(world: ResourceWorld): Record<string, readonly string[]> {
  return Object.fromEntries(indexedRoutes(world.table).map(({ id, hosts }) => [id, hosts]));
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
    "routes/vars": routeTo("/a", { vars: [["arg_x", "==", "1"]] }),
    "routes/address": routeTo("/a", { remote_addrs: ["10.0.0.0/8"] }),
  });
  expect(world.table.rejections()).toEqual([]);
  expect(Object.keys(hostsById(world))).toEqual(["on"]);
});

it("paths, methods and priority are the route's", () => {
  const world = new ResourceWorld();
  world.put({
    "routes/a": { uris: ["/a", "/b/*"], methods: ["GET", "POST"], priority: 3, upstream: node },
  });
  const [route] = indexedRoutes(world.table);
  const wanted = { id: "a", uris: ["/a", "/b/*"], methods: ["GET", "POST"], priority: 3 };
  expect(route).toEqual({ ...wanted, hosts: [] });
});
