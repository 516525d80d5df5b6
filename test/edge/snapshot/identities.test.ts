import { describe, expect, it } from "vitest";
import type { OpenSnapshot } from "../../../edge/snapshot/open-snapshot.ts";
import { anEdge } from "../../support/edge-world.ts";
import { makeSnapshot, type World } from "../../support/snapshots.ts";

const SECRETS: Readonly<Record<string, string>> = { "$env://KEY": "k", "$env://PASSWORD": "p" };

interface Opened {
  readonly snapshot: OpenSnapshot;
  /** References that were resolved, in order. */
  readonly resolved: readonly string[];
  /** Objects that were read, in order. */
  readonly reads: readonly string[];
}

async function opened(world: World, bodyLimit?: number): Promise<Opened> {
  const resolved: string[] = [];
  const resolveSecret = (reference: string) => {
    resolved.push(reference);
    return SECRETS[reference];
  };
  const edge = anEdge({ resolveSecret });
  const limit = bodyLimit === undefined ? {} : { bodyLimit };
  edge.source.publish(await makeSnapshot(world, { generation: 1, ...limit }));
  const snapshot = await edge.current();
  await edge.settled();
  if (!snapshot) throw new Error("there is no snapshot");
  return { snapshot, resolved, reads: edge.source.reads };
}

const keyAuth = (key: unknown, more: object = {}) => ({
  plugins: { "key-auth": { key, ...more } },
});

const consumers = (...all: readonly (readonly [username: string, fields: object])[]) => ({
  consumers: Object.fromEntries(
    all.map(([username, fields]) => [username, { username, ...fields }]),
  ),
});

describe("a value identifies", () => {
  it("the consumer that has it", async () => {
    const { snapshot } = await opened(consumers(["jack", keyAuth("k")], ["jill", keyAuth("l")]));
    expect(await snapshot.identified("key-auth", "k")).toEqual({
      consumer: { username: "jack", ...keyAuth("k") },
      credentialId: undefined,
      auth: { key: "k" },
    });
    expect((await snapshot.identified("key-auth", "l"))?.consumer.username).toBe("jill");
  });

  it("the consumer of the credential that has it, which has the plugins, the group and the labels", async () => {
    const fields = { group_id: "g", labels: { custom_id: "7" }, plugins: { cors: {} } };
    const { snapshot } = await opened({
      ...consumers(["jack", fields]),
      credentials: { "jack/credentials/c.1": { id: "jack/credentials/c.1", ...keyAuth("k") } },
    });
    expect(await snapshot.identified("key-auth", "k")).toEqual({
      consumer: { username: "jack", ...fields },
      credentialId: "c.1",
      auth: { key: "k" },
    });
  });

  it("by one plugin only who has it with that plugin", async () => {
    const jwt = { key: "k", secret: "s", algorithm: "HS256" };
    const world = consumers(["jack", { plugins: { "jwt-auth": jwt } }], ["jill", keyAuth("l")]);
    const { snapshot } = await opened(world);
    expect((await snapshot.identified("jwt-auth", "k"))?.auth).toEqual(jwt);
    expect(await snapshot.identified("key-auth", "k")).toBeUndefined();
    expect(await snapshot.identified("jwt-auth", "l")).toBeUndefined();
  });

  it("by all of its characters", async () => {
    const { snapshot } = await opened(consumers(["jack", keyAuth("grüße 🐟")]));
    expect((await snapshot.identified("key-auth", "grüße 🐟"))?.consumer.username).toBe("jack");
    for (const other of ["grüße", "GRÜẞE 🐟", "grüße 🐟 ", "", "references"]) {
      expect(await snapshot.identified("key-auth", other), other).toBeUndefined();
    }
  });

  it("of several holders the last by key, as APISIX the one it loaded last", async () => {
    const { snapshot } = await opened({
      ...consumers(["jack", keyAuth("k")], ["jill", {}]),
      credentials: { "jack/credentials/c1": keyAuth("k"), "jill/credentials/a": keyAuth("k") },
    });
    const found = await snapshot.identified("key-auth", "k");
    expect(found?.consumer.username).toBe("jill");
    expect(found?.credentialId).toBe("a");
  });

  it("nobody where its plugin is switched off", async () => {
    const off = keyAuth("k", { _meta: { disable: true } });
    const { snapshot } = await opened(consumers(["jack", off]));
    expect(await snapshot.identified("key-auth", "k")).toBeUndefined();
  });

  it("nobody by a credential whose consumer is not there, but who else has it", async () => {
    const credentials = { "nobody/credentials/c1": keyAuth("k") };
    const orphan = await opened({ credentials });
    expect(await orphan.snapshot.identified("key-auth", "k")).toBeUndefined();
    const { snapshot } = await opened({ ...consumers(["jack", keyAuth("k")]), credentials });
    expect((await snapshot.identified("key-auth", "k"))?.consumer.username).toBe("jack");
  });

  it("nobody in a snapshot without any", async () => {
    const { snapshot } = await opened({});
    expect(await snapshot.identified("key-auth", "k")).toBeUndefined();
    const plain = await opened(consumers(["jack", {}]));
    expect(await plain.snapshot.identified("key-auth", "k")).toBeUndefined();
  });

  it("one of ten thousand by a few chunks, and again by none", async () => {
    const many = Array.from({ length: 10_000 }, (_, i) => [`u${i}`, keyAuth(`key ${i}`)] as const);
    const { snapshot, reads } = await opened(consumers(...many));
    const before = reads.length;
    const found = await snapshot.identified("key-auth", "key 7777");
    expect(found?.consumer.username).toBe("u7777");
    expect(reads.length - before).toBeLessThanOrEqual(4);
    const after = reads.length;
    expect(await snapshot.identified("key-auth", "key 7777")).toBe(found);
    expect(reads.length).toBe(after);
  });
});

describe("a value that is a reference", () => {
  it("identifies by what it stands for, and only by that", async () => {
    const { snapshot } = await opened(consumers(["jack", keyAuth("$env://KEY")]));
    expect(await snapshot.identified("key-auth", "k")).toMatchObject({
      consumer: { username: "jack", ...keyAuth("$env://KEY") },
      auth: { key: "k" },
    });
    expect(await snapshot.identified("key-auth", "$env://KEY")).toBeUndefined();
  });

  it("has its turn among plain values by the holder's key", async () => {
    const [early, late] = ["jack", "jill"];
    const plainLast = consumers([early, keyAuth("$env://KEY")], [late, keyAuth("k")]);
    const referenceLast = consumers([early, keyAuth("k")], [late, keyAuth("$env://KEY")]);
    for (const world of [plainLast, referenceLast]) {
      const { snapshot } = await opened(world);
      expect((await snapshot.identified("key-auth", "k"))?.consumer.username).toBe(late);
    }
  });

  it("is resolved once in a generation, for whatever is asked", async () => {
    const unknown = consumers(["jack", keyAuth("$env://KEY")], ["jill", keyAuth("$env://NOTHING")]);
    const { snapshot, resolved } = await opened(unknown);
    for (const value of ["a", "b", "c"]) await snapshot.identified("key-auth", value);
    expect(resolved).toEqual(["$env://KEY", "$env://NOTHING"]);
    await snapshot.identified("basic-auth", "a");
    expect(resolved).toHaveLength(2);
  });

  it("identifies nobody where it stands for nothing, and keeps nobody else out", async () => {
    const world = consumers(["jack", keyAuth("k")], ["jill", keyAuth("$env://NOTHING")]);
    const { snapshot } = await opened(world);
    expect(await snapshot.identified("key-auth", "$env://NOTHING")).toBeUndefined();
    expect((await snapshot.identified("key-auth", "k"))?.consumer.username).toBe("jack");
  });

  it("identifies nobody where nothing resolves references", async () => {
    const edge = anEdge();
    const world = consumers(["jack", keyAuth("$env://KEY")], ["jill", keyAuth("l")]);
    edge.source.publish(await makeSnapshot(world, { generation: 1 }));
    const snapshot = await edge.current();
    expect(await snapshot?.identified("key-auth", "$env://KEY")).toBeUndefined();
    expect((await snapshot?.identified("key-auth", "l"))?.consumer.username).toBe("jill");
  });
});

describe("what a holder must prove", () => {
  const basic = (username: string, password: string) => ({
    plugins: { "basic-auth": { username, password } },
  });

  it("has its references resolved", async () => {
    const { snapshot } = await opened(consumers(["jack", basic("jack", "$env://PASSWORD")]));
    const found = await snapshot.identified("basic-auth", "jack");
    expect(found?.auth).toEqual({ username: "jack", password: "p" });
  });

  it("leaves the holder out where one of them stands for nothing", async () => {
    const world = consumers(["jack", basic("u", "here")], ["jill", basic("u", "$env://NOTHING")]);
    const { snapshot } = await opened(world);
    const found = await snapshot.identified("basic-auth", "u");
    expect(found?.consumer.username).toBe("jack");
    const alone = await opened(consumers(["jill", basic("u", "$env://NOTHING")]));
    expect(await alone.snapshot.identified("basic-auth", "u")).toBeUndefined();
  });
});

describe("without a proof", () => {
  it("a consumer is found by its name, and a credential is none", async () => {
    const { snapshot } = await opened({
      ...consumers(["anonymous", { group_id: "g" }]),
      credentials: { "anonymous/credentials/c1": keyAuth("k") },
    });
    expect(await snapshot.consumer("anonymous")).toEqual({
      consumer: { username: "anonymous", group_id: "g" },
      credentialId: undefined,
    });
    expect(await snapshot.consumer("nobody")).toBeUndefined();
    expect(await snapshot.consumer("anonymous/credentials/c1")).toBeUndefined();
  });
});
