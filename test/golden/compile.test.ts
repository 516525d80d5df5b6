import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { CompiledSnapshot } from "../../exporter/compile/compiled-snapshot.ts";
import { Compiler } from "../../exporter/compile/compiler.ts";
import { RouteIndex } from "../../shared/routing/route-index.ts";
import { RoutePage } from "../../shared/routing/route-page.ts";
import { BodyChunk } from "../../shared/snapshot/body-chunk.ts";
import { type ChunkRef, chunkName, ROUTER_NAMES } from "../../shared/snapshot/format.ts";
import { madeChunks } from "../../shared/snapshot/made-chunks.ts";
import { leavesOf } from "../../shared/snapshot/read-tree.ts";
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
    const chunks = await bytesOf(snapshot);
    const written = await readOut(snapshot, chunks);
    const found = [...written, ...rejected, ...answers(snapshot, chunks, requests)];
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

type Chunks = ReadonlyMap<string, Uint8Array>;

async function bytesOf({ fresh }: CompiledSnapshot): Promise<Chunks> {
  const chunks = new Map<string, Uint8Array>();
  for (const [sha256, bytes] of fresh) chunks.set(sha256, await bytes());
  return chunks;
}

async function readOut(snapshot: CompiledSnapshot, chunks: Chunks): Promise<string[]> {
  const { bodies, counts, globalRules, index, router } = snapshot.content;
  const read = async (ref: ChunkRef) => chunks.get(ref.sha256) as Uint8Array;
  const kinds = Object.entries(counts).map(([kind, count]) => `${kind}=${count}`);
  let entries = 0;
  for await (const ref of leavesOf(index, read)) {
    entries += new RoutePage(await read(ref), chunkName(ref)).entries;
  }
  const lines = [
    `index ${router} ${entries}`,
    `counts ${kinds.sort().join(" ")}`,
    `globalRules ${JSON.stringify(globalRules)}`,
  ];
  for await (const ref of leavesOf(bodies, read)) {
    for (const { key, value } of new BodyChunk(await read(ref), "bodies").bodies()) {
      lines.push(`body ${key} ${JSON.stringify(value)}`);
    }
  }
  return lines;
}

function answers({ content }: CompiledSnapshot, chunks: Chunks, requests: readonly string[]) {
  const bytes = new Map([...chunks].map(([sha256, held]) => [sha256, () => held]));
  const index = new RouteIndex(content.router, content.index, madeChunks(bytes));
  return requests.map((line) => {
    const request = line.split(" => ")[0] as string;
    const [, method = "", host = "", uri = ""] = request.split(" ");
    const facts = { method, uri, host, hostHeader: host, remoteAddr: "" };
    const match = index.match({ ...facts, variables: { get: () => undefined } });
    return `${request} => ${match?.routeId ?? "404"}`;
  });
}
