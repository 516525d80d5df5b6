import { describe, expect, it } from "vitest";
import {
  contentDigest,
  decodeManifest,
  decodePointer,
  encodeManifest,
  encodePointer,
  verifyBytes,
} from "../../../shared/snapshot/codec.ts";
import { sha256Hex } from "../../../shared/snapshot/digest.ts";
import { SnapshotError } from "../../../shared/snapshot/errors.ts";
import {
  type Manifest,
  type ManifestRef,
  manifestName,
  type Pointer,
  parseManifestName,
} from "../../../shared/snapshot/format.ts";

const SHA = "ab".repeat(32);
const ref: ManifestRef = { generation: 7, sha256: SHA, length: 321 };
const pointer: Pointer = {
  format: 1,
  namespace: "default",
  manifest: ref,
  movedAt: "2026-01-02T03:04:05.000Z",
  movedBy: "host:1",
};
const manifest: Manifest = {
  format: 1,
  namespace: "default",
  generation: 7,
  createdAt: "2026-01-02T03:04:05.000Z",
  source: { clusterId: "14841639068965178418", revision: 12 },
  content: SHA,
  router: "radixtree_host_uri",
  index: { sha256: SHA, length: 10, isBranch: false },
  bodies: { sha256: SHA, length: 20, isBranch: true },
  globalRules: ["1"],
  counts: { routes: 3 },
};

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function faultOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof SnapshotError) return `${error.fault}: ${error.message}`;
    throw error;
  }
  return "none";
}

describe("a pointer", () => {
  it("comes back as it was written", () => {
    const held: Pointer = {
      ...pointer,
      hold: { since: pointer.movedAt, reason: "rollback to generation 5", superseded: ref },
      fence: { clusterId: "1", token: 99 },
    };
    expect(decodePointer(encodePointer(held))).toEqual(held);
  });

  it("keeps fields that this reader does not know", () => {
    expect(decodePointer(bytes({ ...pointer, doorbell: "x" }))).toHaveProperty("doorbell", "x");
  });

  it.each([
    ["no JSON", new TextEncoder().encode("{"), "it is not JSON"],
    ["no UTF-8", new Uint8Array([0xff, 0xfe]), "it is not JSON"],
    ["an array", bytes([]), "the whole must be an object"],
    ["null", bytes(null), "the whole must be an object"],
    ["no namespace", bytes({ ...pointer, namespace: 5 }), "namespace must be a string"],
    ["a manifest that is text", bytes({ ...pointer, manifest: "7" }), "manifest must be an object"],
    [
      "a short digest",
      bytes({ ...pointer, manifest: { ...ref, sha256: "ab" } }),
      "a SHA-256 in hex",
    ],
    ["generation 0", bytes({ ...pointer, manifest: { ...ref, generation: 0 } }), "from 1"],
    ["a broken generation", bytes({ ...pointer, manifest: { ...ref, generation: 1.5 } }), "whole"],
    ["a negative length", bytes({ ...pointer, manifest: { ...ref, length: -1 } }), "whole number"],
    ["a hold without reason", bytes({ ...pointer, hold: { since: "x" } }), "hold.reason"],
    ["a fence without token", bytes({ ...pointer, fence: { clusterId: "x" } }), "fence.token"],
    ["70 KB", bytes({ ...pointer, more: "x".repeat(70_000) }), "the limit is 65536"],
  ])("with %s is corrupt", (_what, broken, detail) => {
    expect(faultOf(() => decodePointer(broken))).toMatch(/^corrupt: /);
    expect(faultOf(() => decodePointer(broken))).toContain(detail);
  });

  it("of another format is unsupported, whatever else it holds", () => {
    expect(faultOf(() => decodePointer(bytes({ format: 2 })))).toBe(
      "unsupported: pointers/stable.json is unsupported: format 2, this reader knows 1",
    );
  });

  it("that the reader would refuse is not written", () => {
    expect(faultOf(() => encodePointer({ ...pointer, movedBy: "" }))).toContain("movedBy");
  });
});

describe("a manifest", () => {
  it("comes back as it was written", () => {
    expect(decodeManifest(encodeManifest(manifest), ref, "m")).toEqual(manifest);
    const checked = { ...manifest, checked: 2 };
    expect(decodeManifest(encodeManifest(checked), ref, "m")).toEqual(checked);
  });

  it("of another generation than the pointer's is corrupt", () => {
    const other = encodeManifest({ ...manifest, generation: 8 });
    expect(faultOf(() => decodeManifest(other, ref, "m"))).toContain("it holds generation 8");
  });

  it.each([
    [{ router: "radixtree_uri_v2" }, "unsupported"],
    [{ bodies: [null, null, null] }, "corrupt"],
    [{ bodies: [] }, "corrupt"],
    [{ index: [{ sha256: SHA, length: 65 * 1024 * 1024 }] }, "corrupt"],
    [{ counts: { routes: -1 } }, "corrupt"],
    [{ checked: "2" }, "corrupt"],
    [{ source: {} }, "corrupt"],
    [{ globalRules: [7] }, "corrupt"],
    [{ repeats: 0 }, "corrupt"],
    [{ content: SHA.toUpperCase() }, "corrupt"],
  ])("with %j is refused as %s", (change, fault) => {
    const broken = bytes({ ...manifest, ...change });
    expect(faultOf(() => decodeManifest(broken, ref, "m"))).toMatch(new RegExp(`^${fault}: `));
  });

  it("is named so that a listing is in order and the reference can be read back", () => {
    const name = manifestName(ref);
    expect(name).toBe(`manifests/0000000000000007-${SHA}.json`);
    expect(parseManifestName(name)).toEqual({ generation: 7, sha256: SHA });
    expect(parseManifestName("manifests/7.json")).toBeUndefined();
  });
});

describe("content digests", () => {
  it("are equal exactly for equal router, index and bodies", async () => {
    const digest = await contentDigest(manifest);
    expect(await contentDigest({ ...manifest, counts: {} })).toBe(digest);
    expect(await contentDigest({ ...manifest, router: "radixtree_uri" })).not.toBe(digest);
    expect(await contentDigest({ ...manifest, bodies: null })).not.toBe(digest);
    expect(await contentDigest({ ...manifest, index: null })).not.toBe(digest);
  });
});

describe("verification", () => {
  it("takes the bytes that the reference names and no others", async () => {
    const good = bytes(manifest);
    const wanted = { sha256: await sha256Hex(good), length: good.length };
    await expect(verifyBytes(good, wanted, "x")).resolves.toBeUndefined();
    await expect(verifyBytes(good.subarray(1), wanted, "x")).rejects.toThrow("wanted");
    const flipped = good.slice();
    flipped[3] = (flipped[3] as number) ^ 1;
    await expect(verifyBytes(flipped, wanted, "x")).rejects.toThrow("its SHA-256 is");
  });
});
