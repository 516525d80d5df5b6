import { ClientFailure, UpstreamFailure } from "./failure.ts";
import { PieceReader } from "./piece-reader.ts";
import { type Timers, within } from "./timers.ts";

/** Where a request's bytes go: a socket, or the body of a fetch. */
export interface Sink {
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly timers: Timers;
  /** How long the upstream may take none of a piece. A client that is slow to send does not count. */
  readonly limitMs: number;
}

/** Throws `UpstreamFailure`. */
export async function sendBytes({ writer, timers, limitMs }: Sink, bytes: Uint8Array) {
  const late = () => new UpstreamFailure("timeout", true, `no byte was taken for ${limitMs} ms`);
  try {
    await within(timers, limitMs, writer.write(bytes), late);
  } catch (cause) {
    if (cause instanceof UpstreamFailure) throw cause;
    throw new UpstreamFailure("broken", true, "the connection was lost while sending", { cause });
  }
}

/**
 * A client's body as it comes, held to the length that its head announces: a byte more or less, and the
 * upstream would read the rest as something else.
 */
export class ClientBody {
  readonly #reader: PieceReader;
  /** Undefined: the client did not say. */
  readonly length: number | undefined;
  #remaining: number;
  #stopped = false;

  constructor(body: ReadableStream<Uint8Array>, length: number | undefined) {
    this.#reader = new PieceReader(body);
    this.length = length;
    this.#remaining = length ?? Number.POSITIVE_INFINITY;
  }

  /** The next piece; undefined at the end. Throws `ClientFailure`. */
  async next(): Promise<Uint8Array | undefined> {
    const piece = await this.#reader.next().catch((cause: unknown) => {
      throw new ClientFailure("the client's body was cut", { cause });
    });
    if (this.#stopped) throw new ClientFailure("the body is no longer wanted");
    if (!piece) {
      if (this.length === undefined || this.#remaining === 0) return undefined;
      throw new ClientFailure("the client's body is shorter than its Content-Length");
    }
    this.#remaining -= piece.length;
    if (this.#remaining < 0) {
      throw new ClientFailure("the client's body is longer than its Content-Length");
    }
    return piece;
  }

  /** Nobody wants the rest. */
  stop(): void {
    this.#stopped = true;
    void this.#reader.cancel();
  }
}

/** What `Content-Length` says, where it is a length. */
export function announcedLength(headers: Headers): number | undefined {
  const text = headers.get("content-length");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
