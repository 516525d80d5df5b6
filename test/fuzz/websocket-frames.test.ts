import { describe, expect, it } from "vitest";
import { encodeFrame, FrameError, FrameReader } from "../../edge/upstream/websocket/frames.ts";
import { MessageJoiner } from "../../edge/upstream/websocket/message-joiner.ts";
import { type Random, runSeed, seededRandom } from "../support/random.ts";

const seed = runSeed();
const ROUNDS = 300;
const CODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
type Opcode = keyof typeof CODES;

/** As a server sends it: without a mask. */
function serverFrame(opcode: Opcode, payload: Uint8Array, final = true): Uint8Array {
  const first = (final ? 0x80 : 0) | CODES[opcode];
  const length = payload.length;
  if (length < 126) return joined([[first, length], payload]);
  if (length < 65_536) return joined([[first, 126, length >> 8, length & 255], payload]);
  const view = new DataView(new ArrayBuffer(10));
  view.setUint8(0, first);
  view.setUint8(1, 127);
  view.setBigUint64(2, BigInt(length));
  return joined([new Uint8Array(view.buffer), payload]);
}

function joined(parts: (Uint8Array | number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}

/** What is read of these bytes, cut into pieces: frames as text, then the error's code if there is one. */
function read(bytes: Uint8Array, size: () => number): string[] {
  const reader = new FrameReader();
  const seen: string[] = [];
  try {
    for (let at = 0; at < bytes.length; ) {
      const end = at + size();
      for (const { opcode, final, payload } of reader.read(bytes.subarray(at, end))) {
        seen.push(`${opcode} ${final} ${payload.join(",")}`);
      }
      at = end;
    }
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    seen.push(`error ${error.code}`);
  }
  return seen;
}

describe(`WebSocket frames (SEED=${seed})`, () => {
  it("mean the same in one piece and in any other, broken ones too", () => {
    const random = seededRandom(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const frames = Array.from({ length: 1 + random.below(5) }, () => {
        const length = random.pick([0, 1, 125, 126, 127, 1000]);
        const opcode = random.pick(["text", "binary", "continuation"] as const);
        return serverFrame(opcode, randomBytes(random, length), random.chance(0.7));
      });
      const bytes = joined(frames);
      if (random.chance(0.4)) bytes[random.below(bytes.length)] = random.below(256);
      const once = read(bytes, () => bytes.length);
      expect(
        read(bytes, () => 1),
        `round ${round}`,
      ).toEqual(once);
      expect(
        read(bytes, () => 1 + random.below(200)),
        `round ${round}`,
      ).toEqual(once);
    }
  });

  it("of ours are masked, final, and carry their payload", () => {
    const random = seededRandom(seed + 1);
    for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
      const payload = randomBytes(random, length);
      const mask = randomBytes(random, 4);
      const frame = encodeFrame("binary", payload, mask);
      const header = frame.length - length;
      expect(frame[0]).toBe(0x82);
      expect((frame[1] as number) & 0x80).toBe(0x80);
      expect(frame.subarray(header - 4, header)).toEqual(mask);
      const unmasked = frame.subarray(header).map((byte, i) => byte ^ (mask[i & 3] as number));
      expect(Buffer.compare(unmasked, payload)).toBe(0);
      const unmaskedFrame = joined([frame.subarray(0, header - 4), unmasked]);
      unmaskedFrame[1] = (unmaskedFrame[1] as number) & 0x7f;
      expect(Buffer.compare(unmaskedFrame, serverFrame("binary", payload))).toBe(0);
    }
  });

  it("of 16 MiB in small pieces cost time in proportion", () => {
    const bytes = new Uint8Array(16 * 1024 * 1024 + 10);
    bytes.set([0x82, 127, 0, 0, 0, 0, 1, 0, 0, 0]);
    const reader = new FrameReader();
    let payloads = 0;
    for (let at = 0; at < bytes.length; at += 1024) {
      for (const { payload } of reader.read(bytes.subarray(at, at + 1024))) {
        payloads += payload.length;
      }
    }
    expect(payloads).toBe(16 * 1024 * 1024);
  });
});

describe("messages", () => {
  const utf8 = (text: string) => new TextEncoder().encode(text);

  it("are joined from their fragments, in the middle of a character too", () => {
    const joiner = new MessageJoiner();
    const bytes = utf8("aé🎈");
    const parts = [bytes.slice(0, 2), bytes.slice(2, 5), bytes.slice(5)];
    const [first, second, third] = parts as [Uint8Array, Uint8Array, Uint8Array];
    expect(joiner.add({ opcode: "text", final: false, payload: first })).toBeUndefined();
    expect(joiner.add({ opcode: "continuation", final: false, payload: second })).toBeUndefined();
    expect(joiner.add({ opcode: "continuation", final: true, payload: third })).toBe("aé🎈");
    expect(joiner.add({ opcode: "binary", final: true, payload: first })).toEqual(first);
  });

  it.each([
    ["a new one inside another", ["text", "text"], 1002],
    ["a continuation of nothing", ["continuation"], 1002],
  ] as const)("are refused: %s", (_, opcodes, code) => {
    const joiner = new MessageJoiner();
    const addAll = () => {
      for (const opcode of opcodes) joiner.add({ opcode, final: false, payload: utf8("a") });
    };
    expect(addAll).toThrow(expect.objectContaining({ code }));
  });
});
