import { describe, expect, it } from "vitest";
import { EVERY_KIND, planChanges } from "../../../exporter/apply/plan.ts";
import {
  documentOf,
  documentText,
  looksFilledIn,
} from "../../../exporter/apply/standalone-document.ts";
import { storedResource } from "../../../exporter/apply/stored-configuration.ts";
import { wantedResources } from "../../../exporter/apply/wanted-resource.ts";
import { NO_CIPHER } from "../../../exporter/encryption/field-cipher.ts";
import { readEntries } from "../../../exporter/table/read-standalone.ts";
import { runSeed, seededRandom } from "../../support/random.ts";

const stored = (values: Readonly<Record<string, unknown>>) => {
  const found = Object.keys(values)
    .sort()
    .map((below, i) => {
      const value = Buffer.from(JSON.stringify(values[below]));
      const kv = { key: `/apisix/${below}`, value, modRevision: i + 1 };
      return storedResource(kv, { prefix: "/apisix", cipher: NO_CIPHER });
    });
  const resources = new Map(found.flatMap((each) => (each ? [[each.key, each] as const] : [])));
  return { resources, decorations: [] };
};

describe("what etcd holds, as a standalone file", () => {
  it("has the lists of the kinds that there are, without times, credentials below their consumer", () => {
    const document = documentOf(
      stored({
        "routes/1": { id: 1, uri: "/a", create_time: 1, update_time: 2 },
        "routes/b": { uri: "/b" },
        "consumers/jack": { username: "jack" },
        "consumers/jack/credentials/c1": { id: "c1", plugins: {} },
        "plugin_metadata/http-logger": { log_format: {} },
        "secrets/vault/1": { id: "vault/1", uri: "u" },
      }),
    );
    expect(document).toEqual({
      routes: [
        { id: 1, uri: "/a" },
        { id: "b", uri: "/b" },
      ],
      consumers: [{ username: "jack" }, { id: "jack/credentials/c1", plugins: {} }],
      plugin_metadata: [{ id: "http-logger", log_format: {} }],
      secrets: [{ id: "vault/1", uri: "u" }],
    });
  });

  it("tells of a text that would be filled in", () => {
    expect(looksFilledIn({ desc: "a ${" + "{ NAME }} b" })).toBe(true);
    expect(looksFilledIn({ desc: "$NAME {{x}} $" })).toBe(false);
  });

  it("is read as the very same values, whatever texts are in it", () => {
    const seed = runSeed();
    const { next } = seededRandom(seed);
    const pick = <T>(from: readonly T[]) => from[Math.floor(next() * from.length)] as T;
    const odd = [
      ..."yes|no|on|~|null|true|1:20|0o7|0x1f|1e3|2026-01-02|.inf|- a|#END|# x|a: b|'|\"|\\|\t|é|😀".split(
        "|",
      ),
      ...[
        "",
        " ",
        "a\nb",
        "\n",
        "a\r\nb",
        "a\u0085b",
        "\u2028",
        "<<",
        "=",
        "*a",
        "&a",
        "!x",
        "%",
        "@",
        "`",
      ],
    ];
    const text = () => Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(odd)).join("");
    const number = () => pick([0, -1, 1.5, 1e21, 12345678901, 0.1, 1e-7]);
    const value = (depth: number): unknown => {
      const roll = next();
      if (depth > 3 || roll < 0.5) return pick([text(), number(), true, false, null, text()]);
      const members = Array.from({ length: Math.floor(next() * 4) }, () => value(depth + 1));
      if (roll < 0.7) return members;
      return Object.fromEntries(members.map((member, i) => [`${text()}${i}`, member]));
    };
    for (let round = 0; round < 150; round++) {
      const values = stored({
        "routes/a": { id: "a", uri: "/a", labels: { x: value(0) }, desc: text() },
        "consumers/j": { username: "j", desc: text(), labels: value(1) },
      });
      for (const format of ["yaml", "json"] as const) {
        const file = documentText(documentOf(values), format);
        const { entries, problems } = readEntries(file, format, {});
        const { wanted } = wantedResources(entries.values());
        expect(problems, `seed ${seed}: ${file}`).toEqual([]);
        const { changes } = planChanges(wanted, values, { prune: EVERY_KIND });
        expect(changes, `seed ${seed}: ${file}`).toEqual([]);
      }
    }
  });
});
