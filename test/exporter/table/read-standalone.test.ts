import { describe, expect, it } from "vitest";
import { readStandalone } from "../../../exporter/table/read-standalone.ts";

const ROUTE = "{uri: /a, upstream: {type: roundrobin, nodes: {'127.0.0.1:80': 1}}}";

/** The keys that were read, and what is wrong, as `severity key problem`. */
function read(text: string, format: "yaml" | "json" = "yaml", environment = {}) {
  const { table, problems, lines } = readStandalone(text, format, environment);
  return {
    keys: [...table.all()].map(({ key }) => key),
    rejected: table.rejections().map(({ key, path }) => `${key} ${path}`.trim()),
    problems: problems.map(({ severity, key, problem }) => `${severity} ${key} ${problem}`),
    lines: Object.fromEntries(lines),
    value: (key: string) => table.get(key)?.value,
  };
}

describe("apisix.yaml", () => {
  it("is read as the keys that etcd would have, each with its line", () => {
    const { keys, lines, problems, rejected } = read(`# mine
routes:
  - id: 1
    ${ROUTE.slice(1, -1).replaceAll(", ", "\n    ").replace("type: roundrobin\n    ", "type: roundrobin, ")}
  - ${ROUTE}
services:
  - {id: s, hosts: [a.test]}
consumers:
  - username: jack
  - {id: jack/credentials/c1, plugins: {key-auth: {key: x}}}
plugin_metadata:
  - {id: http-logger, log_format: {host: $host}}
secrets:
  - {id: vault/1, uri: 'http://v.test', prefix: p, token: t}
stream_routes: []
ssls:
plugins: [{name: key-auth}]
routes_conf_version: 3
#END
`);
    expect(problems).toEqual([]);
    expect(rejected).toEqual([]);
    expect(keys.sort()).toEqual([
      "consumers/jack",
      "consumers/jack/credentials/c1",
      "plugin_metadata/http-logger",
      "routes/1",
      "routes/arr_2",
      "secrets/vault/1",
      "services/s",
    ]);
    expect(lines).toMatchObject({ "/routes/1": 3, "/services/s": 8 });
  });

  it.each(["#END", "#END\n\n", "  #END  "])("ends with %j", (end) => {
    expect(read(`routes: []\n${end}`).problems).toEqual([]);
  });

  it.each(["", "# END", "#END # x", "#END\nservices: []"])("does not end with %j", (end) => {
    expect(read(`routes: []\n${end}`).problems).toEqual([
      expect.stringMatching(/^error {2}its last line is not #END/),
    ]);
  });

  it("takes merge keys, aliases and YAML 1.1's booleans, and leaves dates text", () => {
    const { value, rejected } = read(`
base: &base {type: roundrobin, nodes: {'127.0.0.1:80': 1}}
routes:
  - {id: a, uri: /a, enable_websocket: yes, desc: 2026-01-02, upstream: {<<: *base, scheme: https}}
#END`);
    expect(rejected).toEqual([]);
    expect(value("routes/a")).toMatchObject({
      enable_websocket: true,
      desc: "2026-01-02",
      upstream: { scheme: "https", nodes: [{ host: "127.0.0.1" }] },
    });
  });

  it("is no YAML where it merges what is no map", () => {
    expect(read("routes: [{<<: 1}]\n#END").problems).toEqual([
      expect.stringMatching(/^error {2}it is no YAML: Merge sources must be maps/),
    ]);
  });

  it("fills in variables of the environment before it is parsed", () => {
    const text = `routes: [{id: a, uri: '\${{ P }}', priority: \${{N:=7}}, upstream_id: \${{ U:=u }}}]\n#END`;
    const { value, problems } = read(text, "yaml", { P: "/filled" });
    expect(problems).toEqual([]);
    expect(value("routes/a")).toMatchObject({ uri: "/filled", priority: 7 });
    expect(read(`routes: [{id: '\${{ID}}'}]\n#END`).problems).toEqual([
      "error  the environment has no ID, and no default is given",
    ]);
  });

  it("says what is wrong with the file", () => {
    expect(read("routes: [\n#END").problems).toEqual([
      expect.stringMatching(/^error {2}it is no YAML: line \d+: /),
    ]);
    expect(read("routes: {a: 1}\n#END").problems).toEqual(["error  routes is no list"]);
    expect(read("- routes\n#END").problems).toEqual(["error  it is no map of lists"]);
    expect(read("route: []\n#END").problems).toEqual([
      'warning  "route" is no kind that APISIX knows; what is below it is not read',
    ]);
    expect(read("routes: &a [*a]\n#END").problems).toEqual([
      expect.stringMatching(/^error {2}it is no YAML/),
    ]);
    expect(read("#END")).toMatchObject({ keys: [], problems: [] });
  });

  it("takes the last of two with the same id, and says so", () => {
    const { keys, problems } = read(`routes: [{id: a}, ${ROUTE.replace("{", "{id: a, ")}]\n#END`);
    expect(keys).toEqual(["routes/a"]);
    expect(problems).toEqual([
      "warning /routes/a its id is there twice; only the last one is used",
    ]);
  });

  it("has members that are rejected, and others", () => {
    const { keys, rejected } = read(`routes: [{id: a}, 5, null, ${ROUTE}]\n#END`);
    expect(rejected).toEqual(["/routes/a", "/routes/arr_2", "/routes/arr_3"]);
    expect(keys).toEqual(["routes/arr_4"]);
  });
});

describe("apisix.json", () => {
  const route = { id: "a", uri: "/a", upstream: { nodes: { "127.0.0.1:80": 1 } } };

  it("is read alike, without an end and without lines", () => {
    const { keys, problems, lines } = read(JSON.stringify({ routes: [route] }), "json");
    expect({ keys, problems, lines }).toEqual({ keys: ["routes/a"], problems: [], lines: {} });
    expect(read("{", "json").problems).toEqual([expect.stringMatching(/^error {2}it is no JSON/)]);
    expect(read("[]", "json").problems).toEqual(["error  it is no map of lists"]);
  });

  it("fills in variables of the environment within texts, which may become numbers", () => {
    const filled = {
      ...route,
      priority: `\${{N:=3}}`,
      enable_websocket: `\${{ON}}`,
      desc: `a \${{D}}`,
    };
    const text = JSON.stringify({ routes: [filled] });
    const { value } = read(text, "json", { ON: "true", D: "5" });
    expect(value("routes/a")).toMatchObject({ priority: 3, enable_websocket: true, desc: "a 5" });
  });
});
