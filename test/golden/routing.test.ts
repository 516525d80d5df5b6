import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildRouteIndex } from "../../shared/routing/build-index.ts";
import { hostOf, normaliseUri } from "../../shared/routing/normalise.ts";
import { openRouteIndex } from "../../shared/routing/open-index.ts";
import type { IndexedRoute, RouteIndex, RouteMatch } from "../../shared/routing/route-index.ts";
import { ROUTER_NAMES } from "../../shared/snapshot/format.ts";

/**
 * Every file of routing/: comment, routers, routes (`id path… key=value…`), a dashed line, requests
 * (`METHOD Host target => id path on host name=value…`, 404 for none, 400 for a target or Host that is
 * refused; Host `-` for none). A new file is a new test. UPDATE_GOLDEN=1 writes what was found.
 */
const folder = join(import.meta.dirname, "routing");
const ATTRIBUTE = /^(host|methods|priority)=(.*)$/;

const goldens = readdirSync(folder).map((file) => parseGolden(file));

describe.each(goldens)("$file", ({ file, routers, routes, head, requests }) => {
  it.each(routers)("%s answers as written", (router) => {
    const index = openRouteIndex(buildRouteIndex(router, routes), "chunks/golden");
    const found = requests.map((line) => answer(index, line.split(" => ")[0] as string));
    if (process.env.UPDATE_GOLDEN) {
      writeFileSync(join(folder, file), `${head}\n----\n${found.join("\n")}\n`);
    }
    expect(found).toEqual(requests);
  });
});

it("the suite has cases enough, in every router", () => {
  for (const router of ROUTER_NAMES) {
    const own = goldens.filter(({ routers }) => routers.includes(router));
    expect(own.flatMap(({ requests }) => requests).length, router).toBeGreaterThan(75);
  }
  expect(goldens.flatMap(({ requests }) => requests).length).toBeGreaterThan(150);
});

function parseGolden(file: string) {
  const [head, tail] = readFileSync(join(folder, file), "utf8").split("\n----\n");
  const lines = (head ?? "").split("\n").filter((line) => !line.startsWith("#"));
  const named = (lines[0] ?? "").replace("routers: ", "").split(" ");
  const routers = ROUTER_NAMES.filter((router) => named.includes(router));
  if (routers.length !== named.length) throw new Error(`${file}: unknown router in ${named}`);
  const requests = (tail ?? "").split("\n").map((line) => line.trimEnd());
  return {
    file,
    head,
    routers,
    routes: lines.slice(1).map(parseRoute),
    requests: requests.filter((line) => line !== ""),
  };
}

function parseRoute(line: string): IndexedRoute {
  const [id = "", ...words] = line.trimEnd().split(" ");
  const attributes = new Map<string, string>();
  const uris: string[] = [];
  for (const word of words) {
    const [, name, value] = ATTRIBUTE.exec(word) ?? [];
    if (name !== undefined && value !== undefined) attributes.set(name, value);
    // A path may hold a space: what does not begin one belongs to the one before.
    else if (/^[/*]/.test(word) || uris.length === 0) uris.push(word);
    else uris.push(`${uris.pop()} ${word}`);
  }
  return {
    id,
    uris,
    hosts: attributes.get("host")?.split(",") ?? [],
    methods: attributes.get("methods")?.split(",") ?? [],
    priority: Number(attributes.get("priority") ?? 0),
  };
}

function answer(index: RouteIndex, request: string): string {
  const [method = "", sentHost = "", target = ""] = request.split(" ");
  const hostHeader = sentHost === "-" ? undefined : sentHost;
  const uri = normaliseUri(target);
  const host = hostOf(hostHeader);
  if (uri === undefined || host === undefined) return `${request} => 400`;
  const remoteAddr = "203.0.113.1";
  const match = index.match({ method, uri, host, hostHeader: hostHeader ?? "", remoteAddr });
  return `${request} => ${match ? render(match) : "404"}`;
}

function render({ routeId, path, host, params }: RouteMatch): string {
  const captured = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  return [routeId, path, ...(host === undefined ? [] : ["on", host]), ...captured].join(" ");
}
