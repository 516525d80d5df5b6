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

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Of a message: as large as the platform takes one. */
export const MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;
const MAX_CONTROL_PAYLOAD_BYTES = 125;
const MAX_HEADER_BYTES = 10;
/** Lengths that stand for a longer length after them, and of how many bytes. */
const LENGTH_BYTES = new Map([
  [126, 2],
  [127, 8],
]);

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
  const lengthBytes = lengthBytesOf(payload.length);
  const bytes = new Uint8Array(2 + lengthBytes + 4 + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 0x80 | OPCODES[opcode];
  bytes[1] = 0x80 | payload.length;
  if (lengthBytes > 0) bytes[1] = 0x80 | (lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) view.setUint16(2, payload.length);
  if (lengthBytes === 8) view.setBigUint64(2, BigInt(payload.length));
  bytes.set(mask, 2 + lengthBytes);
  const start = 2 + lengthBytes + 4;
  for (let i = 0; i < payload.length; i++) {
    bytes[start + i] = (payload[i] as number) ^ (mask[i & 3] as number);
  }
  return bytes;
}

function lengthBytesOf(payloadBytes: number): 0 | 2 | 8 {
  if (payloadBytes < 126) return 0;
  return payloadBytes < 65_536 ? 2 : 8;
}

interface FrameHeader {
  readonly opcode: Opcode;
  readonly final: boolean;
  /** Of the header itself. */
  readonly bytes: number;
  readonly payloadBytes: number;
}

/** Takes frames out of a byte stream, however it is cut into pieces; each byte is copied once. */
export class FrameReader {
  /** The first bytes of a frame, until its header is whole. */
  #start = new Uint8Array();
  #frame: { header: FrameHeader; payload: Uint8Array; filled: number } | undefined;

  /** Throws `FrameError`. */
  *read(piece: Uint8Array): Generator<Frame> {
    let rest = piece;
    for (;;) {
      if (!this.#frame) {
        const header = this.#header(rest);
        if (!header) return;
        rest = rest.subarray(header.bytes - this.#start.length);
        this.#start = new Uint8Array();
        this.#frame = { header, payload: new Uint8Array(header.payloadBytes), filled: 0 };
      }
      const { header, payload, filled } = this.#frame;
      const part = rest.subarray(0, payload.length - filled);
      payload.set(part, filled);
      this.#frame.filled += part.length;
      rest = rest.subarray(part.length);
      if (this.#frame.filled < payload.length) return;
      this.#frame = undefined;
      yield { opcode: header.opcode, final: header.final, payload };
    }
  }

  /** The header of the next frame; what there is of one that is not whole is kept for the next piece. */
  #header(rest: Uint8Array): FrameHeader | undefined {
    const known = this.#start.length;
    const start = new Uint8Array(known + Math.min(rest.length, MAX_HEADER_BYTES - known));
    start.set(this.#start);
    start.set(rest.subarray(0, start.length - known), known);
    const header = frameHeader(start);
    if (!header) this.#start = start;
    return header;
  }
}

/** Undefined where `bytes` end before the header does. */
function frameHeader(bytes: Uint8Array): FrameHeader | undefined {
  if (bytes.length < 2) return undefined;
  const [first, second] = [bytes[0] as number, bytes[1] as number];
  const opcode = NAMES.get(first & 0x0f);
  if (!opcode || (first & 0x70) !== 0) throw new FrameError(1002, "a reserved bit or opcode");
  if ((second & 0x80) !== 0) throw new FrameError(1002, "a masked frame from a server");
  const short = second & 0x7f;
  const final = (first & 0x80) !== 0;
  if (OPCODES[opcode] >= OPCODES.close && (short > MAX_CONTROL_PAYLOAD_BYTES || !final)) {
    throw new FrameError(1002, "a control frame that is long or fragmented");
  }
  const lengthBytes = LENGTH_BYTES.get(short) ?? 0;
  if (bytes.length < 2 + lengthBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const payloadBytes = payloadLength(view, short);
  if (payloadBytes > MAX_PAYLOAD_BYTES) throw new FrameError(1009, "a frame too large");
  return { opcode, final, bytes: 2 + lengthBytes, payloadBytes };
}

function payloadLength(view: DataView, short: number): number {
  if (short === 126) return view.getUint16(2);
  if (short === 127) return Number(view.getBigUint64(2));
  return short;
}
