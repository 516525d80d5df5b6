import { describe, expect, it } from "vitest";
import { createServiceFetch } from "../../../edge/upstream/service-fetch.ts";

type Way = "internet" | "private";

function aFetch(bound: "bound" | "not bound") {
  const asked: { readonly way: Way; readonly request: Request }[] = [];
  const by = (way: Way) => async (input: RequestInfo | URL, init?: RequestInit) => {
    asked.push({ way, request: new Request(input, init) });
    return new Response(way);
  };
  const network = { fetch: by("private") };
  return {
    asked,
    fetch: createServiceFetch(by("internet"), bound === "bound" ? network : undefined),
  };
}

describe("what plugins ask beside the upstreams", () => {
  it.each<[string, Way]>([
    ["http://10.1.2.3:3100/loki", "private"],
    ["http://192.168.0.9/", "private"],
    ["http://[fc00::1]:9200/_bulk", "private"],
    ["https://logs.example.com/in", "internet"],
    ["http://127.0.0.1:4318/v1/traces", "internet"],
    ["http://11.1.2.3/", "internet"],
  ])("goes to %s by the %s", async (url, way) => {
    const { fetch } = aFetch("bound");
    expect(await (await fetch(url)).text()).toBe(way);
  });

  it("goes over the Internet where no private network is bound", async () => {
    const { fetch } = aFetch("not bound");
    expect(await (await fetch("http://10.1.2.3/")).text()).toBe("internet");
  });

  it("goes by the private network as it is", async () => {
    const { asked, fetch } = aFetch("bound");
    const sent = { method: "POST", headers: { "x-a": "1" }, body: "entries" };
    await fetch(new URL("http://10.1.2.3/in"), sent);
    await fetch(new Request("http://10.1.2.3/in", sent));
    for (const { request } of asked) {
      expect([request.method, request.headers.get("x-a"), await request.text()]).toEqual([
        "POST",
        "1",
        "entries",
      ]);
    }
    expect(asked.map(({ way }) => way)).toEqual(["private", "private"]);
  });
});
