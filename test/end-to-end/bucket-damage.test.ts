import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePointer, encodePointer } from "../../shared/snapshot/codec.ts";
import { sha256Hex } from "../../shared/snapshot/digest.ts";
import {
  chunkName,
  type Manifest,
  manifestName,
  POINTER_NAME,
  type Pointer,
} from "../../shared/snapshot/format.ts";
import { eventually, type Stack, startStack } from "../support/stack.ts";
import { startUpstream } from "../support/upstream.ts";

/** Damage in the bucket, done to the real objects under the edge's eyes. */
describe("an edge whose bucket is damaged", () => {
  let stack: Stack;
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  let s3: S3Client;
  let good: Pointer;
  let manifest: Manifest;

  beforeAll(async () => {
    [stack, upstream] = await Promise.all([startStack({}), startUpstream()]);
    const { endpoint, accessKeyId, secretAccessKey } = stack.edge.store;
    const credentials = { accessKeyId, secretAccessKey };
    s3 = new S3Client({ endpoint, region: "auto", credentials, forcePathStyle: true });
    for (const name of ["one", "two"]) {
      const nodes = { [upstream.node]: 1 };
      await stack.put(`routes/${name}`, { uri: `/${name}`, upstream: { nodes } });
      await stack.served(`/${name}`);
    }
    // From here on the bucket is ours alone.
    await stack.killExporter();
    good = decodePointer(await read(POINTER_NAME));
    manifest = JSON.parse(new TextDecoder().decode(await read(manifestName(good.manifest))));
  });
  afterAll(async () => {
    s3.destroy();
    await stack.stop();
    await upstream.stop();
  });

  const name = (object: string) => ({ Bucket: stack.edge.store.bucket, Key: `default/${object}` });
  const read = async (object: string) => {
    const answer = await s3.send(new GetObjectCommand(name(object)));
    return (await answer.Body?.transformToByteArray()) as Uint8Array;
  };
  const write = (object: string, bytes: Uint8Array) =>
    s3.send(new PutObjectCommand({ ...name(object), Body: bytes }));

  /** Publishes a manifest of the next generation, as `change` makes it, and points to it. */
  async function publish(change: (text: string) => Uint8Array | string, lie = false) {
    const generation = good.manifest.generation + 1;
    const text = JSON.stringify({ ...manifest, generation });
    const changed = change(text);
    const bytes = typeof changed === "string" ? new TextEncoder().encode(changed) : changed;
    const whole = lie ? new TextEncoder().encode(text) : bytes;
    const ref = { generation, sha256: await sha256Hex(whole), length: whole.length };
    await write(manifestName(ref), bytes);
    await write(POINTER_NAME, encodePointer({ ...good, manifest: ref }));
  }

  /** The held generation is served, and the status names what is wrong with the bucket. */
  async function keepsServing(outcome: string) {
    await eventually(async () => {
      expect((await stack.get("/one")).status).toBe(200);
      expect((await stack.get("/two")).status).toBe(200);
      const status = JSON.stringify(await stack.edgeStatus());
      expect(status).toContain(`"${outcome}"`);
      expect(status).toContain(`"generation":${good.manifest.generation}`);
    });
  }

  it("keeps the last good snapshot when a chunk is corrupt", async () => {
    const chunk = new TextEncoder().encode("this is no chunk");
    const index = { sha256: "00".repeat(32), length: chunk.length, isBranch: false };
    await write(chunkName(index), chunk);
    await publish((text) => JSON.stringify({ ...JSON.parse(text), index }));
    await keepsServing("corrupt");
    expect(JSON.stringify(await stack.edgeStatus())).toContain(`${chunkName(index)} is corrupt`);
  });

  it("keeps it when the manifest is truncated", async () => {
    await publish((text) => text.slice(0, text.length / 2), true);
    await keepsServing("corrupt");
  });

  it("keeps it when the manifest is missing", async () => {
    const ref = { generation: good.manifest.generation + 9, sha256: "11".repeat(32), length: 5 };
    await write(POINTER_NAME, encodePointer({ ...good, manifest: ref }));
    await keepsServing("missing");
  });

  it("keeps it when the pointer is older", async () => {
    const older = { ...good.manifest, generation: good.manifest.generation - 1 };
    await write(POINTER_NAME, encodePointer({ ...good, manifest: older }));
    await keepsServing("older");
  });

  it("keeps it when the format is another", async () => {
    await write(POINTER_NAME, new TextEncoder().encode(JSON.stringify({ ...good, format: 2 })));
    await keepsServing("unsupported");
  });

  it("goes on as soon as the pointer is good again", async () => {
    await write(POINTER_NAME, encodePointer(good));
    await keepsServing("same");
  });
});
