import { ByteSource } from "../../upstream/byte-source.ts";
import type { Timers } from "../../upstream/timers.ts";
import { AnthropicStream } from "./anthropic-answer.ts";
import { toldByEvent } from "./llm-answer.ts";
import type { LlmRecord } from "./llm-record.ts";
import type { ProviderRequest } from "./provider-request.ts";
import { SseReader } from "./sse-events.ts";

export interface LlmStreamDeps {
  readonly timers: Timers;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface LlmStreamSource {
  readonly body: ReadableStream<Uint8Array>;
  readonly request: ProviderRequest;
  readonly record: LlmRecord;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Ends the request at the provider. */
  readonly abort: () => void;
}

export interface LlmStreamLimits {
  /** Milliseconds until the next piece has to be there. */
  readonly timeout: number;
  /** Milliseconds from the request on. */
  readonly max_stream_duration_ms?: number;
  readonly max_response_bytes?: number;
}

type Limit = "max_stream_duration_ms" | "max_response_bytes";

/** A provider's stream on its way to the client: as it comes, or converted; what it tells is read in passing. */
export class LlmStream {
  readonly #source: LlmStreamSource;
  readonly #limits: LlmStreamLimits;
  readonly #deps: LlmStreamDeps;
  readonly #bytes: ByteSource;
  readonly #events = new SseReader();
  readonly #converter: AnthropicStream | undefined;
  #size = 0;
  #isOver = false;
  #hit: Limit | undefined;

  constructor(source: LlmStreamSource, limits: LlmStreamLimits, deps: LlmStreamDeps) {
    this.#source = source;
    this.#limits = limits;
    this.#deps = deps;
    this.#bytes = new ByteSource(source.body, deps.timers, limits.timeout);
    this.#bytes.startClock();
    this.#converter = source.request.isConverted ? new AnthropicStream() : undefined;
  }

  /** The limit that has ended it, if one has. */
  get hit(): Limit | undefined {
    return this.#hit;
  }

  /** What the client gets next; undefined: it was all. Throws `UpstreamFailure`. */
  async next(): Promise<Uint8Array | undefined> {
    while (!this.#isOver) {
      const piece = await this.#piece();
      const output = piece ? this.#passed(piece) : this.#ended();
      if (output.length > 0) return output;
    }
    return undefined;
  }

  /** The client has gone, or there is nothing more to be had. */
  stop(): void {
    this.#isOver = true;
    this.#source.abort();
    // What is aborted cannot be cancelled in order.
    this.#bytes.cancel().catch(() => undefined);
  }

  #passed(piece: Uint8Array): Uint8Array {
    const { record, request, startedAt } = this.#source;
    if (this.#size === 0) record.firstToken(this.#deps.now() - startedAt);
    this.#size += piece.length;
    const events = this.#events.push(piece);
    for (const event of events) record.told(toldByEvent(event, request.protocol));
    // A limit counts behind the piece that passes it: what has come is for the client.
    if (this.#size > (this.#limits.max_response_bytes ?? Number.POSITIVE_INFINITY)) {
      this.#cut("max_response_bytes");
    } else if (this.#left() <= 0) this.#cut("max_stream_duration_ms");
    const converter = this.#converter;
    if (!converter) return piece;
    return encoded(events.map((event) => converter.convert(event)).join(""));
  }

  #ended(): Uint8Array {
    this.#isOver = true;
    return encoded(this.#hit ? "" : (this.#converter?.end() ?? ""));
  }

  #cut(limit: Limit): void {
    this.#hit = limit;
    this.stop();
  }

  /** Undefined: the provider has ended, or time is up. */
  #piece(): Promise<Uint8Array | undefined> {
    const coming = this.#bytes.next();
    const left = this.#left();
    if (left === Number.POSITIVE_INFINITY) return coming;
    return new Promise((resolve, reject) => {
      const disarm = this.#deps.timers.after(Math.max(0, left), () => {
        this.#cut("max_stream_duration_ms");
        resolve(undefined);
      });
      coming.then(resolve, reject).finally(disarm);
    });
  }

  /** Milliseconds that it may go on. */
  #left(): number {
    const { max_stream_duration_ms: most = Number.POSITIVE_INFINITY } = this.#limits;
    return most - (this.#deps.now() - this.#source.startedAt);
  }
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
