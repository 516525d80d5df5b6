import { describe, expect, it } from "vitest";
import { Compiler } from "../../../exporter/compile/compiler.ts";
import { IdentityIndex } from "../../../exporter/compile/identity-index.ts";
import { IDENTIFYING_FIELDS } from "../../../shared/plugins/identifying.ts";
import { BodyChunk } from "../../../shared/snapshot/body-chunk.ts";
import { sha256Hex } from "../../../shared/snapshot/digest.ts";
import { type ChunkRef, chunkName } from "../../../shared/snapshot/format.ts";
import { leavesOf } from "../../../shared/snapshot/read-tree.ts";
import { type Random, runSeed, seededRandom } from "../../support/random.ts";
import { type Puts, ResourceWorld } from "../../support/resource-world.ts";

const NONE: ReadonlySet<string> = new Set();

const digest = (text: string) => sha256Hex(new TextEncoder().encode(text));

const withKey = (key: unknown, more: object = {}) => ({
  plugins: { "key-auth": { key, ...more } },
});

const jack = (plugins: object) => ({ username: "jack", ...plugins });

/** A table with its compiler, and what a reader finds under `identities/`. */
class IdentifiedWorld extends ResourceWorld {
  readonly #compiler = new Compiler("radixtree_host_uri");
  readonly #chunks = new Map<string, Uint8Array>();

  async compile(puts: Puts, compiler = this.#compiler, changed = this.put(puts)) {
    const snapshot = await compiler.compile(this.table, changed, NONE);
    for (const [sha256, bytes] of snapshot.fresh) this.#chunks.set(sha256, await bytes());
    snapshot.confirm();
    return snapshot;
  }

  async entries(puts: Puts): Promise<Record<string, unknown>> {
    const { content } = await this.compile(puts);
    const read = async ({ sha256 }: ChunkRef) => this.#chunks.get(sha256) as Uint8Array;
    const found: Record<string, unknown> = {};
    for await (const ref of leavesOf(content.bodies, read)) {
      for (const { key, value } of new BodyChunk(await read(ref), chunkName(ref)).bodies()) {
        if (key.startsWith("identities/")) found[key.slice("identities/".length)] = value;
      }
    }
    return found;
  }
}

describe("an entry", () => {
  it.each(Object.entries(IDENTIFYING_FIELDS))(
    "under the digest of a value of %s.%s names who has it",
    async (plugin, field) => {
      const others = { password: "p", secret: "s".repeat(32), secret_key: "k" };
      const config = { ...others, [field]: "grüße" };
      const puts = { "consumers/jack": jack({ plugins: { [plugin]: config } }) };
      expect(await new IdentifiedWorld().entries(puts)).toEqual({
        [`${plugin}/${await digest("grüße")}`]: { keys: ["consumers/jack"] },
      });
    },
  );

  it("names all holders of a value, consumers and credentials, by their keys", async () => {
    const world = new IdentifiedWorld();
    const entry = `key-auth/${await digest("k")}`;
    const all = await world.entries({
      "consumers/jill": { username: "jill", ...withKey("k") },
      "consumers/jack/credentials/c1": withKey("k"),
      "consumers/jack": jack(withKey("k")),
    });
    const [first, second, third] = [
      "consumers/jack",
      "consumers/jack/credentials/c1",
      "consumers/jill",
    ];
    expect(all).toEqual({ [entry]: { keys: [first, second, third] } });
    const two = await world.entries({ "consumers/jack/credentials/c1": undefined });
    expect(two).toEqual({ [entry]: { keys: [first, third] } });
    expect(await world.entries({ "consumers/jill": { username: "jill" } })).toEqual({
      [entry]: { keys: [first] },
    });
    expect(await world.entries({ "consumers/jack": undefined })).toEqual({});
  });

  it("moves with the value of its holder", async () => {
    const world = new IdentifiedWorld();
    await world.entries({ "consumers/jack": jack(withKey("old")) });
    expect(await world.entries({ "consumers/jack": jack(withKey("new")) })).toEqual({
      [`key-auth/${await digest("new")}`]: { keys: ["consumers/jack"] },
    });
  });

  it("of references names holders and what they refer to, since it cannot be digested", async () => {
    const world = new IdentifiedWorld();
    const puts = {
      "consumers/jill": { username: "jill", ...withKey("$secret://vault/1/jill/key") },
      "consumers/jack/credentials/c1": withKey("$ENV://JACK"),
      "consumers/joe": { username: "joe", ...withKey("$SECRET://is/no/reference") },
    };
    const joe = {
      [`key-auth/${await digest("$SECRET://is/no/reference")}`]: { keys: ["consumers/joe"] },
    };
    const [c1, jill] = ["consumers/jack/credentials/c1", "consumers/jill"];
    expect(await world.entries(puts)).toEqual({
      ...joe,
      "key-auth/references": {
        keys: [c1, jill],
        references: ["$ENV://JACK", "$secret://vault/1/jill/key"],
      },
    });
    expect(await world.entries({ [c1]: withKey("$env://OTHER"), [jill]: undefined })).toEqual({
      ...joe,
      "key-auth/references": { keys: [c1], references: ["$env://OTHER"] },
    });
    expect(await world.entries({ [c1]: withKey("k") })).toEqual({
      ...joe,
      [`key-auth/${await digest("k")}`]: { keys: [c1] },
    });
  });

  it("names nobody whose plugin is switched off, has no text for a value, or identifies nobody", async () => {
    const off = withKey("k", { _meta: { disable: true } });
    const puts = {
      "consumers/off": { username: "off", ...off },
      "consumers/on": { username: "on", ...withKey("k", { _meta: { disable: false } }) },
      "consumers/number": { username: "number", ...withKey(7) },
      "consumers/none": { username: "none", plugins: { "key-auth": {}, cors: { key: "k" } } },
      "consumer_groups/g": { plugins: { "key-auth": { key: "k" } } },
      "routes/1": { uri: "/", ...withKey("k"), upstream: { nodes: { "a.test:80": 1 } } },
    };
    expect(await new IdentifiedWorld().entries(puts)).toEqual({
      [`key-auth/${await digest("k")}`]: { keys: ["consumers/on"] },
    });
  });
});

describe("the work", () => {
  it("for one change comes to the entries of its holder, and to none where they stay", async () => {
    const world = new IdentifiedWorld();
    const index = new IdentityIndex();
    const changes = (puts: Puts) => {
      for (const key of world.put(puts)) index.note(key, world.table.get(key));
      return [...index.changes()].map(([key, body]) => [key, body?.json]);
    };
    const many = Array.from({ length: 500 }, (_, i) => [
      `consumers/u${i}`,
      { username: `u${i}`, ...withKey(`key ${i}`) },
    ]);
    expect(changes(Object.fromEntries(many))).toHaveLength(500);
    const [before, after] = [await digest("key 7"), await digest("another")];
    expect(changes({ "consumers/u7": { username: "u7", ...withKey("another") } })).toEqual([
      [`identities/key-auth/${before}`, undefined],
      [`identities/key-auth/${after}`, '{"keys":["consumers/u7"]}'],
    ]);
    const described = { username: "u7", desc: "the seventh", ...withKey("another") };
    expect(changes({ "consumers/u7": described })).toEqual([]);
    expect(changes({})).toEqual([]);
  });

  it("of any history gives the bytes of a new start with what it led to", async () => {
    const seed = runSeed();
    const random = seededRandom(seed);
    const world = new IdentifiedWorld();
    for (let round = 0; round < 60; round++) {
      const puts = Object.fromEntries(
        Array.from({ length: 1 + random.below(20) }, () => aPut(random)),
      );
      const grown = await world.compile(puts);
      if (round % 6 !== 5) continue;
      const keys = [...world.table.all()].map(({ key }) => key);
      keys.sort(() => random.next() - 0.5);
      const anew = new Compiler("radixtree_host_uri");
      const restarted = await world.compile({}, anew, new Set(keys));
      expect(restarted.digest, `SEED=${seed}, round ${round}`).toBe(grown.digest);
    }
  });
});

/** Few holders and fewer values, so that they meet, part and go. */
function aPut(random: Random): [key: string, value: unknown] {
  const username = `u${random.below(30)}`;
  const isCredential = random.chance(0.5);
  const key = `consumers/${username}${isCredential ? `/credentials/c${random.below(3)}` : ""}`;
  if (random.chance(0.25)) return [key, undefined];
  const value = random.pick(["a", "b", "c", "$env://A", "$env://B", "$secret://vault/1/a/b"]);
  const meta = random.chance(0.2) ? { _meta: { disable: true } } : {};
  const plugins = random.pick([
    { "key-auth": { key: value, ...meta } },
    { "basic-auth": { username: value, password: "p", ...meta } },
    { "hmac-auth": { key_id: value, secret_key: "s", ...meta } },
  ]);
  return [key, isCredential ? { plugins } : { username, plugins }];
}
