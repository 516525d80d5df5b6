/** RFC 6455 5: frames, as a client sends and receives them. */

export type Opcode = "continuation" | "text" | "binary" | "close" | "ping" | "pong";

export interface Frame {
  readonly opcode: Opcode;
  readonly final: boolean;
  readonly payload: Uint8Array;
}

/** Bytes that are no frames a server may send. `code` is the close code that says so. */
export class FrameError extends Error {
  override readonly name = "FrameError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** As large as a message that a Worker may receive (1 MiB on a client's side is its own limit). */
export const MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;

const OPCODES: Readonly<Record<Opcode, number>> = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
};
const NAMES = new Map(Object.entries(OPCODES).map(([name, code]) => [code, name as Opcode]));

/** A masked, final frame. `mask` has 4 random bytes. */
export function encodeFrame(opcode: Opcode, payload: Uint8Array, mask: Uint8Array): Uint8Array {
  const lengthBytes = payload.length < 126 ? 0 : payload.length < 65536 ? 2 : 8;
  const bytes = new Uint8Array(2 + lengthBytes + 4 + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x80 | OPCODES[opcode];
  bytes[1] = 0x80 | (lengthBytes === 0 ? payload.length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) view.setUint16(2, payload.length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(payload.length));
  bytes.set(mask, 2 + lengthBytes);
  const start = 2 + lengthBytes + 4;
  for (let i = 0; i < payload.length; i++) {
    bytes[start + i] = (payload[i] as number) ^ (mask[i & 3] as number);
  }
  return bytes;
}

/** Takes frames out of a byte stream, however it is cut into pieces. */
export class FrameReader {
  #held = new Uint8Array();

  *read(piece: Uint8Array): Generator<Frame> {
    const joined = new Uint8Array(this.#held.length + piece.length);
    joined.set(this.#held);
    joined.set(piece, this.#held.length);
    this.#held = joined;
    for (let frame = this.#next(); frame; frame = this.#next()) yield frame;
  }

  #next(): Frame | undefined {
    const bytes = this.#held;
    if (bytes.length < 2) return undefined;
    const [first, second] = [bytes[0] as number, bytes[1] as number];
    const opcode = NAMES.get(first & 0x0f);
    if (!opcode || (first & 0x70) !== 0) throw new FrameError(1002, "a reserved bit or opcode");
    if ((second & 0x80) !== 0) throw new FrameError(1002, "a masked frame from a server");
    const short = second & 0x7f;
    const final = (first & 0x80) !== 0;
    if (OPCODES[opcode] >= 8 && (short > 125 || !final)) {
      throw new FrameError(1002, "a control frame that is long or fragmented");
    }
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    const start = 2 + lengthBytes;
    if (bytes.length < start) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const length =
      lengthBytes === 0
        ? short
        : lengthBytes === 2
          ? view.getUint16(2)
          : Number(view.getBigUint64(2));
    if (length > MAX_PAYLOAD_BYTES) throw new FrameError(1009, "a frame too large");
    if (bytes.length < start + length) return undefined;
    this.#held = bytes.slice(start + length);
    return { opcode, final, payload: bytes.slice(start, start + length) };
  }
}
