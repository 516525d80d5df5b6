import { joinBytes } from "../../join-bytes.ts";
import { type Frame, FrameError, MAX_PAYLOAD_BYTES } from "./frames.ts";

/** Puts the fragments of messages together (RFC 6455 5.4). */
export class MessageJoiner {
  #isText = false;
  #parts: Uint8Array[] = [];
  #bytes = 0;
  #isOpen = false;

  /** The message that this data frame ends, text or bytes. Throws `FrameError`. */
  add({ opcode, final, payload }: Frame): string | Uint8Array | undefined {
    if (this.#isOpen !== (opcode === "continuation")) {
      throw new FrameError(1002, "a fragment out of order");
    }
    if (!this.#isOpen) this.#isText = opcode === "text";
    this.#isOpen = !final;
    this.#parts.push(payload);
    this.#bytes += payload.length;
    if (this.#bytes > MAX_PAYLOAD_BYTES) throw new FrameError(1009, "a message too large");
    return final ? this.#whole() : undefined;
  }

  #whole(): string | Uint8Array {
    const whole = joinBytes(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    return this.#isText ? textOf(whole) : whole;
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new FrameError(1007, "text that is not UTF-8", { cause });
  }
}
