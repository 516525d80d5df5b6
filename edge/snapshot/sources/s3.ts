import { AwsClient } from "aws4fetch";
import type { SnapshotSource } from "../source.ts";

export interface S3SourceOptions {
  /** `https://host`, without the bucket. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** With its trailing slash. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Any S3-compatible bucket over signed HTTPS, path style. */
export function s3Source(
  name: string,
  options: S3SourceOptions,
  send: typeof fetch,
): SnapshotSource {
  const { accessKeyId, secretAccessKey, region, endpoint, bucket, prefix } = options;
  const signer = new AwsClient({ accessKeyId, secretAccessKey, region, service: "s3" });
  return {
    name,
    read: async (object) => {
      const url = `${endpoint.replace(/\/$/, "")}/${bucket}/${encodePath(prefix + object)}`;
      const answer = await send(await signer.sign(url));
      if (answer.status === 404) {
        await answer.body?.cancel();
        return undefined;
      }
      if (!answer.ok) {
        const detail = (await answer.text()).slice(0, 200);
        throw new Error(`${name} answered ${answer.status}: ${detail}`);
      }
      return new Uint8Array(await answer.arrayBuffer());
    },
  };
}

function encodePath(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
