import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import {
  type ListedObject,
  type ObjectStore,
  type SetOutcome,
  type StoredObject,
  StoreError,
} from "./object-store.ts";

export interface S3Options {
  /** Undefined: AWS itself. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly bucket: string;
  /** Before every name, with its trailing slash, e.g. `default/`; may be empty. */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly pathStyle: boolean;
  /** `required`: only where the protocol needs them, for servers older than the SDK's checksums. */
  readonly checksums: "required" | "supported";
  /** radosgw 16 compares If-Match with the bare etag. */
  readonly unquotedEtags: boolean;
  /** For one request. */
  readonly timeoutMs: number;
}

const DELETE_AT_ONCE = 1000;

/** Any S3-compatible bucket: R2, AWS, MinIO, Ceph. Conditional writes must be honoured by the server. */
export class S3Store implements ObjectStore {
  readonly #client: S3Client;
  readonly #options: S3Options;

  constructor(options: S3Options) {
    const { endpoint, region, accessKeyId, secretAccessKey, sessionToken } = options;
    const checksums = options.checksums === "required" ? "WHEN_REQUIRED" : "WHEN_SUPPORTED";
    this.#options = options;
    this.#client = new S3Client({
      region,
      ...(endpoint ? { endpoint } : {}),
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
      forcePathStyle: options.pathStyle,
      requestChecksumCalculation: checksums,
      responseChecksumValidation: checksums,
      maxAttempts: 1, // Retrying is retrying-store.ts's, with our clock and limits.
    });
  }

  async get(name: string): Promise<StoredObject | undefined> {
    try {
      return await this.#within(`get ${name}`, async (abortSignal) => {
        const answer = await this.#client.send(new GetObjectCommand(this.#object(name)), {
          abortSignal,
        });
        const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
        return { bytes, etag: answer.ETag ?? "" };
      });
    } catch (error) {
      if (statusOf(error) === 404 && codeOf(error) !== "NoSuchBucket") return undefined;
      throw error;
    }
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#within(`put ${name}`, (abortSignal) =>
      this.#client.send(new PutObjectCommand(this.#body(name, bytes)), { abortSignal }),
    );
  }

  async compareAndSet(
    name: string,
    bytes: Uint8Array,
    expected: string | undefined,
  ): Promise<SetOutcome> {
    const condition =
      expected === undefined ? { IfNoneMatch: "*" } : { IfMatch: this.#etag(expected) };
    try {
      const answer = await this.#within(`set ${name}`, (abortSignal) =>
        this.#client.send(new PutObjectCommand({ ...this.#body(name, bytes), ...condition }), {
          abortSignal,
        }),
      );
      return { outcome: "set", etag: answer.ETag ?? "" };
    } catch (error) {
      // 412 is the answer; AWS says 409 while another conditional write of the key is under way, and
      // 404 to If-Match on an object that is gone.
      const status = statusOf(error);
      if (status === 412 || status === 409) return { outcome: "conflict" };
      if (status === 404 && codeOf(error) !== "NoSuchBucket") return { outcome: "conflict" };
      throw error;
    }
  }

  async *list(prefix: string): AsyncIterable<ListedObject> {
    const { bucket, prefix: own } = this.#options;
    let continuation: string | undefined;
    do {
      const page = await this.#within(`list ${prefix}`, (abortSignal) =>
        this.#client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: own + prefix,
            ...(continuation ? { ContinuationToken: continuation } : {}),
          }),
          { abortSignal },
        ),
      );
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        if (Key === undefined) continue;
        const modifiedAt = LastModified?.getTime() ?? 0;
        yield { name: Key.slice(own.length), size: Size ?? 0, modifiedAt };
      }
      continuation = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (continuation);
  }

  async delete(names: readonly string[]): Promise<void> {
    const { bucket, prefix } = this.#options;
    for (let start = 0; start < names.length; start += DELETE_AT_ONCE) {
      const objects = names.slice(start, start + DELETE_AT_ONCE);
      const answer = await this.#within(`delete ${objects.length} objects`, (abortSignal) =>
        this.#client.send(
          new DeleteObjectsCommand({
            Bucket: bucket,
            Delete: { Objects: objects.map((name) => ({ Key: prefix + name })), Quiet: true },
          }),
          { abortSignal },
        ),
      );
      const [failed] = answer.Errors ?? [];
      if (failed) throw new StoreError(`cannot delete ${failed.Key}: ${failed.Message}`, true);
    }
  }

  #object(name: string) {
    return { Bucket: this.#options.bucket, Key: this.#options.prefix + name };
  }

  #body(name: string, bytes: Uint8Array) {
    // A known length: some servers refuse the SDK's chunked upload.
    return { ...this.#object(name), Body: bytes, ContentLength: bytes.length };
  }

  #etag(etag: string): string {
    return this.#options.unquotedEtags ? etag.replaceAll('"', "") : etag;
  }

  async #within<T>(what: string, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { timeoutMs, bucket, endpoint } = this.#options;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await run(signal);
    } catch (cause) {
      const where = `bucket ${bucket} at ${endpoint ?? "AWS"}`;
      if (signal.aborted) {
        throw new StoreError(`${what}: ${where} gave no answer within ${timeoutMs} ms`, true, {
          cause,
        });
      }
      throw toStoreError(what, where, cause);
    }
  }
}

function toStoreError(what: string, where: string, cause: unknown): StoreError {
  const status = statusOf(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  const remedy = remedyOf(status, codeOf(cause));
  const retryable =
    remedy === undefined && (status === undefined || status >= 500 || status === 429);
  const detail = status === undefined ? message : `${status} ${codeOf(cause)}: ${message}`;
  return new StoreError(`${what}: ${where}: ${detail}${remedy ? `; ${remedy}` : ""}`, retryable, {
    cause,
  });
}

/** What a person must do, where trying again does not help. */
function remedyOf(status: number | undefined, code: string): string | undefined {
  if (code === "NoSuchBucket") return "create the bucket or correct S3_BUCKET";
  if (code === "InvalidAccessKeyId" || code === "SignatureDoesNotMatch") {
    return "check S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY";
  }
  if (status === 401 || status === 403) {
    return "check the credentials and that they may read, write, list and delete in this bucket";
  }
  return undefined;
}

function statusOf(error: unknown): number | undefined {
  const source = error instanceof StoreError ? error.cause : error;
  return source instanceof S3ServiceException ? source.$metadata.httpStatusCode : undefined;
}

function codeOf(error: unknown): string {
  const source = error instanceof StoreError ? error.cause : error;
  return source instanceof Error ? source.name : "";
}
