import { MalformedResponse } from "./message-head.ts";

const CR = 13;
const LF = 10;
const MAX_LINE_BYTES = 4096;
const MAX_TRAILER_BYTES = 16 * 1024;

type State = "size" | "data" | "data-end" | "trailer" | "done";

/**
 * Takes a chunked body (RFC 9112 7.1) apart, however it is cut into pieces. Extensions are skipped,
 * trailers dropped; everything else must be to the letter.
 */
export class ChunkedDecoder {
  #state: State = "size";
  #line = "";
  #remaining = 0;
  #trailerBytes = 0;

  get isDone(): boolean {
    return this.#state === "done";
  }

  /** The body's bytes in `piece`, in order. Bytes after the end of the body are refused. */
  *decode(piece: Uint8Array): Generator<Uint8Array> {
    let at = 0;
    while (at < piece.length) {
      switch (this.#state) {
        case "data": {
          const data = piece.subarray(at, at + this.#remaining);
          at += data.length;
          this.#remaining -= data.length;
          if (this.#remaining === 0) this.#state = "data-end";
          yield data;
          break;
        }
        case "done":
          throw new MalformedResponse("bytes after the last chunk");
        default: {
          const end = piece.indexOf(LF, at);
          const stop = end < 0 ? piece.length : end + 1;
          this.#take(piece.subarray(at, stop));
          at = stop;
        }
      }
    }
  }

  /** A part of a line, or a whole one with its line feed. */
  #take(bytes: Uint8Array): void {
    this.#line += String.fromCharCode(...bytes);
    if (this.#line.length > MAX_LINE_BYTES) throw new MalformedResponse("a chunk line too long");
    if (bytes.at(-1) !== LF) return;
    if (this.#line.charCodeAt(this.#line.length - 2) !== CR) {
      throw new MalformedResponse("a chunk line that does not end with CRLF");
    }
    const line = this.#line.slice(0, -2);
    this.#line = "";
    this.#endOfLine(line);
  }

  #endOfLine(line: string): void {
    switch (this.#state) {
      case "size": {
        const size = /^([0-9a-fA-F]{1,12})[ \t]*(;[^\r\n]*)?$/.exec(line);
        if (!size) throw new MalformedResponse(`chunk size ${JSON.stringify(line.slice(0, 40))}`);
        this.#remaining = Number.parseInt(size[1] as string, 16);
        this.#state = this.#remaining === 0 ? "trailer" : "data";
        return;
      }
      case "data-end":
        if (line !== "") throw new MalformedResponse("a chunk longer than its size");
        this.#state = "size";
        return;
      default:
        this.#trailerBytes += line.length;
        if (this.#trailerBytes > MAX_TRAILER_BYTES)
          throw new MalformedResponse("trailers too long");
        if (line === "") this.#state = "done";
    }
  }
}
