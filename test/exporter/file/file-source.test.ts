import { mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../../exporter/clock.ts";
import type { KeyspaceChange } from "../../../exporter/etcd/keyspace.ts";
import { Exporter } from "../../../exporter/exporter.ts";
import { FileRefused, FileSource } from "../../../exporter/file/file-source.ts";
import type { Log } from "../../../exporter/log.ts";
import { LOSS_GUARD_DEFAULT } from "../../../exporter/publish/loss-guard.ts";
import { publishedSource } from "../../../exporter/publish/read-generation.ts";
import { isReady, statusReport } from "../../../exporter/status.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { readLive } from "../../support/publishing.ts";
import { eventually } from "../../support/stack.ts";

/** Real files; only the pause between two looks is shorter than in life. */

let folder: string;
let path: string;
let stop: AbortController;
let running: Promise<unknown>[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "snapgate-file-"));
  path = join(folder, "apisix.yaml");
  stop = new AbortController();
  running = [];
});
afterEach(async () => {
  stop.abort();
  await Promise.allSettled(running);
  rmSync(folder, { recursive: true, force: true });
});

const route = (id: string, desc = id) =>
  `  - {id: ${id}, uri: /${id}, desc: "${desc}", upstream: {type: roundrobin, nodes: {"127.0.0.1:80": 1}}}`;
const yaml = (...routes: string[]) => `routes:\n${routes.join("\n")}\n#END\n`;

function aLog() {
  const lines: string[] = [];
  const line = (level: string) => (message: string, fields: object) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const log = {
    debug: line("debug"),
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
  };
  return { lines, log: log as Log };
}

interface Options {
  readonly published?: number;
  readonly patience?: "forever" | "never";
  readonly environment?: Record<string, string>;
  readonly store?: MemoryStore;
}

function aSource(options: Options = {}) {
  const { lines, log } = aLog();
  const format = path.endsWith(".json") ? ("json" as const) : ("yaml" as const);
  const publishedRevision = async (clusterId: string) => {
    const source = options.store && (await publishedSource(options.store));
    return source?.clusterId === clusterId ? source.revision : (options.published ?? 0);
  };
  const source = new FileSource({
    file: { path, format },
    environment: options.environment ?? {},
    publishedRevision,
    clock: systemClock,
    random: () => 0.5,
    log,
    patience: options.patience ?? "forever",
    pollMs: 10,
  });
  return { source, lines };
}

/** A source with the changes that it has told so far. */
function following(options: Options = {}) {
  const { source, lines } = aSource(options);
  const changes: KeyspaceChange[] = [];
  const follow = async () => {
    for await (const change of source.changes(stop.signal)) changes.push(change);
  };
  running.push(follow());
  const told = (count: number) =>
    eventually(() => {
      expect(changes).toHaveLength(count);
      return changes.at(-1) as KeyspaceChange;
    });
  return { source, lines, changes, told };
}

const keysOf = ({ puts }: KeyspaceChange) => puts.map(({ key }) => key);

describe("a file in etcd's place", () => {
  it("is told as a base, then as what changed, each at a higher revision", async () => {
    writeFileSync(path, yaml(route("a"), route("b")));
    const { source, told } = following();
    const base = await told(1);
    expect(base).toMatchObject({ cause: "base", clusterId: source.clusterId, deletes: [] });
    expect(keysOf(base)).toEqual(["/routes/a", "/routes/b"]);
    writeFileSync(path, yaml(route("b", "other"), route("c")));
    const next = await told(2);
    expect(next).toMatchObject({ cause: "watch", deletes: ["/routes/a"] });
    expect(keysOf(next)).toEqual(["/routes/b", "/routes/c"]);
    expect(next.revision).toBeGreaterThan(base.revision);
    expect(source.health()).toMatchObject({ state: "live", keys: 2, revision: next.revision });
  });

  it("is followed through a rename, also to an older file", async () => {
    writeFileSync(path, yaml(route("a")));
    const { told } = following();
    const { revision } = await told(1);
    const other = join(folder, "other.yaml");
    writeFileSync(other, yaml(route("b")));
    utimesSync(other, 1000, 1000);
    renameSync(other, path);
    const next = await told(2);
    expect(keysOf(next)).toEqual(["/routes/b"]);
    expect(next.revision).toBe(revision + 1);
  });

  it("has its own time as the revision, unless what was published is later", async () => {
    writeFileSync(path, yaml(route("a")));
    utimesSync(path, 5000, 5000);
    expect((await following().told(1)).revision).toBe(5_000_000);
    // The same file, again: a restart.
    expect((await following({ published: 5_000_000 }).told(1)).revision).toBe(5_000_000);
    expect((await following({ published: 7_000_000 }).told(1)).revision).toBe(7_000_001);
  });

  it("gives an item that nobody changed the modRevision it had, whatever was changed beside it", async () => {
    writeFileSync(path, yaml(route("a"), route("b")));
    const before = await following().told(1);
    writeFileSync(path, yaml(route("a", "other"), route("b")));
    const after = await following().told(1);
    const modRevisions = (change: KeyspaceChange) =>
      change.puts.map(({ modRevision }) => modRevision);
    expect(modRevisions(after)[1]).toBe(modRevisions(before)[1]);
    expect(modRevisions(after)[0]).not.toBe(modRevisions(before)[0]);
  });

  it.each([
    ["half written", yaml(route("b")).slice(0, -8), /#END/],
    ["empty", "", /#END/],
    ["no YAML", "routes: [\n#END", /it is no YAML: line \d/],
    ["no list", "routes: 1\n#END", /routes is no list/],
    ["without a variable", `routes: []\n# \${{ NOWHERE }}\n#END`, /no NOWHERE/],
  ])("that is %s changes nothing, and is told of once", async (_what, text, problem) => {
    writeFileSync(path, yaml(route("a")));
    const { changes, lines, source, told } = following();
    await told(1);
    writeFileSync(path, text);
    await eventually(() => expect(source.report().state).toBe("refused"));
    const proof = source.health().lastProofAt;
    expect(source.health()).toMatchObject({ state: "stalled", keys: 1 });
    expect(source.report().problems[0]?.problem).toMatch(problem);
    // It is looked at again and again meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lines.filter((line) => line.startsWith("error"))).toHaveLength(1);
    expect(source.health().lastProofAt).toBe(proof);
    expect(changes).toHaveLength(1);
    writeFileSync(path, yaml(route("c")));
    expect(await told(2)).toMatchObject({ deletes: ["/routes/a"] });
    expect(source.report()).toMatchObject({ state: "loaded", problems: [] });
  });

  it("that is away, or no UTF-8, changes nothing either", async () => {
    writeFileSync(path, yaml(route("a")));
    const { changes, source, told } = following();
    await told(1);
    rmSync(path);
    await eventually(() => expect(source.report().problems[0]?.problem).toMatch(/ENOENT/));
    writeFileSync(path, Buffer.from([0x72, 0xff, 0xfe]));
    await eventually(() => expect(source.report().problems[0]?.problem).toBe("it is no UTF-8"));
    expect(changes).toHaveLength(1);
    writeFileSync(path, yaml(route("a")));
    // What it had before: nothing changed, but a revision was seen.
    expect(await told(2)).toMatchObject({ puts: [], deletes: [] });
  });

  it("is not read in halves when it is written slowly, in place", async () => {
    writeFileSync(path, yaml(route("a")));
    const { changes, lines, told } = following();
    await told(1);
    const whole = yaml(...Array.from({ length: 50 }, (_, i) => route(`r${i}`)));
    for (let end = 100; end < whole.length; end += 500) {
      writeFileSync(path, whole.slice(0, end));
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    writeFileSync(path, whole);
    expect((await told(2)).puts).toHaveLength(50);
    expect(changes).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith("info"))).toHaveLength(2);
  });

  it("may be JSON, with variables, and without #END", async () => {
    path = join(folder, "apisix.json");
    const upstream = { type: "roundrobin", nodes: { "127.0.0.1:80": 1 } };
    const uri = "/$" + "{{P:=x}}";
    writeFileSync(path, JSON.stringify({ routes: [{ uri, upstream, modifiedIndex: 4 }] }));
    const [put] = (await following({ environment: { P: "filled" } }).told(1)).puts;
    expect(put?.key).toBe("/routes/arr_1");
    expect(JSON.parse(new TextDecoder().decode(put?.value))).toEqual({ uri: "/filled", upstream });
  });

  it("ends with an error where there is no patience for a broken one", async () => {
    writeFileSync(path, "routes: []\n");
    const { source } = aSource({ patience: "never" });
    const read = async () => {
      for await (const _ of source.changes(stop.signal));
    };
    await expect(read()).rejects.toThrow(FileRefused);
    expect(source.health().state).toBe("stopped");
  });
});

describe("an exporter with a file", () => {
  const store = () => new MemoryStore(() => Date.now());

  function anExporter(from: MemoryStore) {
    const { source, lines } = aSource({ store: from });
    const exporter = new Exporter({
      config: {
        prefix: "",
        namespace: "default",
        router: "radixtree_host_uri",
        publishIntervalMs: 0,
        pointerCheckIntervalMs: 1000,
        lossGuard: LOSS_GUARD_DEFAULT,
        retention: { keepGenerations: 20, graceMs: 60_000, intervalMs: 60_000 },
      },
      store: from,
      mirror: source,
      file: { report: () => source.report(), placeOf: (key) => source.placeOf(key) },
      clock: systemClock,
      random: () => 0.5,
      log: aLog().log,
      by: "a test",
    });
    const own = new AbortController();
    const done = exporter.run(AbortSignal.any([stop.signal, own.signal]));
    running.push(done);
    const end = async () => {
      own.abort();
      await done;
    };
    return { exporter, end, lines };
  }

  const published = (from: MemoryStore, routes: Record<string, string>) =>
    eventually(async () => {
      const live = await readLive(from);
      expect(live?.routes).toEqual(routes);
      return live as NonNullable<typeof live>;
    });

  it("publishes the file and every change of it, ready once it is live", async () => {
    const into = store();
    const { exporter } = anExporter(into);
    expect(isReady(exporter.sources())).toBe(false);
    writeFileSync(path, yaml(route("a")));
    const { manifest } = await published(into, { a: "a" });
    expect(manifest.source.clusterId).toMatch(/^file:/);
    await eventually(() => expect(isReady(exporter.sources())).toBe(true));
    writeFileSync(path, yaml(route("a"), route("b")));
    await published(into, { a: "a", b: "b" });
    expect(statusReport(exporter.sources())).toMatchObject({
      role: "leader",
      etcd: null,
      file: { path, state: "loaded", resources: 2, problems: [] },
    });
  });

  it("keeps the last valid value of an item, also across a restart, and says where it is wrong", async () => {
    const into = store();
    writeFileSync(path, yaml(route("a"), route("b")));
    const first = anExporter(into);
    await published(into, { a: "a", b: "b" });
    await first.end();
    const bad =
      '  - {id: b, uri: /b, upstream: {type: roundrobin, nodes: {"127.0.0.1:80": heavy}}}';
    writeFileSync(path, yaml(route("a", "new"), bad));
    const { exporter } = anExporter(into);
    await published(into, { a: "new", b: "b" });
    expect(exporter.sources().rejections).toMatchObject([
      {
        key: "/routes/b",
        path: expect.stringContaining("nodes"),
        remedy: "correct it at line 3 of apisix.yaml, or delete it there",
      },
    ]);
  });

  it("publishes nothing when it is started again on the same file", async () => {
    const into = store();
    writeFileSync(path, yaml(route("a"), route("b")));
    const first = anExporter(into);
    const { pointer, manifest } = await published(into, { a: "a", b: "b" });
    await first.end();
    const { exporter } = anExporter(into);
    await eventually(() => {
      expect(exporter.state.publishedRevision).toBe(manifest.source.revision);
    });
    expect((await readLive(into))?.pointer).toEqual(pointer);
  });

  it("holds a sudden loss as it would of etcd", async () => {
    const into = store();
    writeFileSync(path, yaml(...Array.from({ length: 20 }, (_, i) => route(`r${i}`))));
    const { exporter } = anExporter(into);
    await eventually(async () => expect((await readLive(into))?.pointer).toBeDefined());
    writeFileSync(path, yaml(route("r0")));
    await eventually(() => expect(exporter.state.heldLoss?.message).toContain("19 of 20"));
    expect(Object.keys((await readLive(into))?.routes ?? {})).toHaveLength(20);
  });

  it("publishes an older file that is put in place of the newer one", async () => {
    const into = store();
    writeFileSync(path, yaml(route("a")));
    const first = anExporter(into);
    const { manifest } = await published(into, { a: "a" });
    await first.end();
    writeFileSync(path, yaml(route("b")));
    utimesSync(path, 1000, 1000);
    anExporter(into);
    const next = await published(into, { b: "b" });
    expect(next.manifest.source.revision).toBeGreaterThan(manifest.source.revision);
  });
});
