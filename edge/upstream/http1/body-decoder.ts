import { type Framing, MalformedResponse } from "./message-head.ts";

/**
 * Takes a body out of the bytes of a connection, however they are cut into pieces. What comes after the
 * body belongs to nothing, since a connection is used once, and is ignored.
 */
export interface BodyDecoder {
  readonly isDone: boolean;
  /** The body's bytes in `piece`, in order. Throws `MalformedResponse`. */
  decode(piece: Uint8Array): Uint8Array[];
  /** The connection has ended: false where the body is not whole. */
  end(): boolean;
}

export function bodyDecoder(framing: Exclude<Framing, { is: "none" }>): BodyDecoder {
  switch (framing.is) {
    case "chunked":
      return new ChunkedDecoder();
    case "length":
      return lengthDecoder(framing.bytes);
    case "until-close":
      return { isDone: false, decode: (piece) => [piece], end: () => true };
  }
}

function lengthDecoder(bytes: number): BodyDecoder {
  let remaining = bytes;
  return {
    get isDone() {
      return remaining === 0;
    },
    decode(piece) {
      const data = piece.subarray(0, Math.min(piece.length, remaining));
      remaining -= data.length;
      return data.length > 0 ? [data] : [];
    },
    end: () => remaining === 0,
  };
}

const CR = 13;
const LF = 10;
const MAX_LINE_BYTES = 4096;
const MAX_TRAILER_BYTES = 16 * 1024;

/**
 * A size, and extensions that mean nothing to us. A quoted value ends in its own line: a reader that let it
 * run on would see another body than one that does not.
 */
const TEXT = String.raw`[^"\\\p{Cc}]|[\t\x80-\x9f]`;
const EXTENSION = String.raw`(?:${TEXT}|\\|"(?:${TEXT}|\\[^\p{Cc}])*")*`;
const CHUNK_SIZE = new RegExp(String.raw`^0*([0-9a-f]{1,12})[ \t]*(?:;${EXTENSION})?$`, "iu");

type State = "size" | "data" | "data-end" | "trailer" | "done";

/** RFC 9112 7.1. Extensions are skipped, trailers dropped; everything else must be to the letter. */
class ChunkedDecoder implements BodyDecoder {
  #state: State = "size";
  #line = "";
  #remaining = 0;
  #trailerBytes = 0;

  get isDone(): boolean {
    return this.#state === "done";
  }

  end(): boolean {
    return this.isDone;
  }

  decode(piece: Uint8Array): Uint8Array[] {
    const body: Uint8Array[] = [];
    let at = 0;
    while (at < piece.length && !this.isDone) {
      if (this.#state === "data") {
        const data = piece.subarray(at, at + this.#remaining);
        at += data.length;
        this.#remaining -= data.length;
        if (this.#remaining === 0) this.#state = "data-end";
        body.push(data);
        continue;
      }
      const end = piece.indexOf(LF, at);
      const stop = end < 0 ? piece.length : end + 1;
      this.#take(piece.subarray(at, stop));
      at = stop;
    }
    return body;
  }

  /** A part of a line, or a whole one with its line feed. */
  #take(bytes: Uint8Array): void {
    if (this.#line.length + bytes.length > MAX_LINE_BYTES) {
      throw new MalformedResponse(`a chunk's line of more than ${MAX_LINE_BYTES} bytes`);
    }
    this.#line += String.fromCharCode(...bytes);
    if (bytes.at(-1) !== LF) return;
    if (this.#line.charCodeAt(this.#line.length - 2) !== CR) {
      throw new MalformedResponse("a chunk's line that does not end with CRLF");
    }
    const line = this.#line.slice(0, -2);
    this.#line = "";
    this.#endOfLine(line);
  }

  #endOfLine(line: string): void {
    switch (this.#state) {
      case "size": {
        const size = CHUNK_SIZE.exec(line);
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
        if (this.#trailerBytes > MAX_TRAILER_BYTES) {
          throw new MalformedResponse(`trailers of more than ${MAX_TRAILER_BYTES} bytes`);
        }
        if (line === "") this.#state = "done";
    }
  }
}
