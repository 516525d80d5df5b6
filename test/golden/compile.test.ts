import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CompiledSnapshot } from "../../exporter/compile/compiled-snapshot.ts";
import { Compiler } from "../../exporter/compile/compiler.ts";
import { openRouteIndex } from "../../shared/routing/open-index.ts";
import { BodyChunk } from "../../shared/snapshot/body-chunk.ts";
import { type ChunkRef, chunkName, ROUTER_NAMES } from "../../shared/snapshot/format.ts";
import { ResourceWorld } from "../support/resource-world.ts";

/**
 * Every file of compile/: a comment, the router, keys and values as in etcd; below the dashed line
 * what a reader of the compiled chunks finds. The requests of `match` lines are asked, the rest is
 * read out. A new file is a new test. UPDATE_GOLDEN=1 writes what was found.
 */
const folder = join(import.meta.dirname, "compile");

describe.each(readdirSync(folder))("%s", (file) => {
  const [head = "", tail = ""] = readFileSync(join(folder, file), "utf8").split("\n----\n");
  const lines = head.split("\n").filter((line) => !line.startsWith("#"));
  const router = ROUTER_NAMES.find((name) => `router: ${name}` === lines[0]);
  const expected = tail.split("\n").filter((line) => line !== "");

  it("compiles to what is written", async () => {
    if (!router) throw new Error(`${file} names no router`);
    const world = new ResourceWorld();
    const changed = world.put(Object.fromEntries(lines.slice(1).map(keyAndValue)), "base");
    const snapshot = await new Compiler(router).compile(world.table, changed, new Set());
    const rejected = world.table
      .rejections()
      .map(({ key, path, found, wanted }) => `rejected ${key} ${path}: ${found}, not ${wanted}`);
    const requests = expected.filter((line) => line.startsWith("match "));
    const found = [...readOut(snapshot), ...rejected, ...answers(snapshot, requests)];
    if (process.env.UPDATE_GOLDEN) {
      writeFileSync(join(folder, file), `${head}\n----\n${found.join("\n")}\n`);
    }
    expect(found).toEqual(expected);
  });
});

function keyAndValue(line: string): [string, unknown] {
  const space = line.indexOf(" ");
  return [line.slice(0, space), JSON.parse(line.slice(space + 1))];
}

function chunkOf({ fresh }: CompiledSnapshot, ref: ChunkRef): Uint8Array {
  const bytes = fresh.get(ref.sha256);
  if (!bytes) throw new Error(`no bytes for ${chunkName(ref)}`);
  return bytes;
}

function readOut(snapshot: CompiledSnapshot): string[] {
  const { index, bodies, counts, globalRules } = snapshot.content;
  const opened = openRouteIndex(chunkOf(snapshot, index[0] as ChunkRef), "index");
  const kinds = Object.entries(counts).map(([kind, count]) => `${kind}=${count}`);
  return [
    `index ${opened.router} ${opened.routes}`,
    `counts ${kinds.sort().join(" ")}`,
    `globalRules ${JSON.stringify(globalRules)}`,
    ...bodies.flatMap((ref) =>
      ref
        ? [...new BodyChunk(chunkOf(snapshot, ref), "bodies").bodies()].map(
            ({ key, value }) => `body ${key} ${JSON.stringify(value)}`,
          )
        : [],
    ),
  ];
}

function answers(snapshot: CompiledSnapshot, requests: readonly string[]): string[] {
  const ref = snapshot.content.index[0] as ChunkRef;
  const index = openRouteIndex(chunkOf(snapshot, ref), chunkName(ref));
  return requests.map((line) => {
    const request = line.split(" => ")[0] as string;
    const [, method = "", host = "", uri = ""] = request.split(" ");
    const match = index.match({ method, uri, host, hostHeader: host, remoteAddr: "" });
    return `${request} => ${match?.routeId ?? "404"}`;
  });
}
