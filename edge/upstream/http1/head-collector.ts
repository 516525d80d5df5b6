import { MAX_HEAD_BYTES, MalformedResponse, parseHead, type ResponseHead } from "./message-head.ts";

const CR = 13;
const LF = 10;
const EMPTY_LINE_BYTES = 4;
const BEGINNING = new TextEncoder().encode("HTTP/1.");

/**
 * Collects pieces of bytes until a head is whole, however it is cut. Each byte is looked at once, and what
 * can become no head is refused before the upstream has to say more.
 */
export class HeadCollector {
  #bytes = new Uint8Array(4096);
  #length = 0;
  /** Up to here there is no end of the head. */
  #searched = 0;

  push(piece: Uint8Array): void {
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
  }

  /** The next head, once it is whole. Throws `MalformedResponse`, also where it grows too large. */
  take(): ResponseHead | undefined {
    this.#checkBeginning();
    const end = this.#end();
    if ((end ?? this.#length) > MAX_HEAD_BYTES) {
      throw new MalformedResponse(`a head of more than ${MAX_HEAD_BYTES} bytes`);
    }
    if (end === undefined) return undefined;
    const head = parseHead(this.#bytes.subarray(0, end));
    this.#bytes = this.#bytes.slice(end, this.#length);
    this.#length = this.#bytes.length;
    this.#searched = 0;
    return head;
  }

  /** What came after the heads that were taken. */
  rest(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #checkBeginning(): void {
    const known = Math.min(this.#length, BEGINNING.length);
    for (let i = 0; i < known; i++) {
      if (this.#bytes[i] === BEGINNING[i]) continue;
      const text = String.fromCharCode(...this.#bytes.subarray(0, i + 1));
      throw new MalformedResponse(`no status line: ${JSON.stringify(text)}`);
    }
  }

  #end(): number | undefined {
    const bytes = this.#bytes.subarray(0, this.#length);
    for (let i = bytes.indexOf(LF, this.#searched); i >= 0; i = bytes.indexOf(LF, i + 1)) {
      if (bytes[i - 1] !== CR) throw new MalformedResponse("a line that does not end with CRLF");
      const isLong = i >= EMPTY_LINE_BYTES - 1;
      if (isLong && bytes[i - 2] === LF && bytes[i - 3] === CR) return i + 1;
    }
    this.#searched = this.#length;
    return undefined;
  }
}
