import { joinBytes } from "../../join-bytes.ts";

/** The first bytes of a body that passes. */
export class BodyPrefix {
  readonly #most: number;
  readonly #pieces: Uint8Array[] = [];
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(piece: Uint8Array): void {
    const taken = piece.subarray(0, this.#most - this.#size);
    if (taken.length === 0) return;
    // The piece goes on, and its bytes may be taken over by whoever gets it.
    this.#pieces.push(taken.slice());
    this.#size += taken.length;
  }

  bytes(): Uint8Array {
    return joinBytes(this.#pieces, this.#size);
  }
}
