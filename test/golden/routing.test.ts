import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROUTER_NAMES } from "../../shared/snapshot/format.ts";
import { type GoldenRouting, parseRoutingGolden } from "../support/routing-golden.ts";
import { type FoundRoute, openRoutingWorld, type RoutingWorld } from "../support/routing-world.ts";
import { parseSentRequest, triedRequest } from "../support/sent-request.ts";

/**
 * Every file of routing/ is a test: resources, a dashed line, requests with what answers them. The
 * format is told in test/support/routing-golden.ts. UPDATE_GOLDEN=1 writes what was found.
 */
const folder = join(import.meta.dirname, "routing");
const goldens = readdirSync(folder).map((file) => ({
  file,
  ...parseRoutingGolden(readFileSync(join(folder, file), "utf8")),
}));

describe.each(goldens)("$file", (golden) => {
  it.each(golden.routers)("%s answers as written", async (router) => {
    const world = await openRoutingWorld(router, golden.resources);
    const found = golden.requests.map((line) => answer(world, golden, line));
    if (process.env.UPDATE_GOLDEN) {
      writeFileSync(join(folder, golden.file), `${golden.head}\n----\n${found.join("\n")}\n`);
    }
    expect(found).toEqual(golden.requests);
  });
});

it("the suite has cases enough, in every router", () => {
  for (const router of ROUTER_NAMES) {
    const own = goldens.filter(({ routers }) => routers.includes(router));
    expect(own.flatMap(({ requests }) => requests).length, router).toBeGreaterThan(250);
  }
  expect(goldens.flatMap(({ requests }) => requests).length).toBeGreaterThan(600);
});

function answer(world: RoutingWorld, { uriSettings }: GoldenRouting, line: string): string {
  const [written = ""] = line.split(" => ");
  const request = triedRequest(parseSentRequest(written), uriSettings);
  if (!request) return `${written} => 400`;
  const match = world.match(request);
  return `${written} => ${match ? render(match) : "404"}`;
}

function render({ routeId, path, host, params }: FoundRoute): string {
  const captured = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  return [routeId, path, ...(host === undefined ? [] : ["on", host]), ...captured].join(" ");
}
