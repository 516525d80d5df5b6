const UTF8 = new TextEncoder();

/** Wire types of Protocol Buffers' encoding. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;

/** One message in Protocol Buffers' encoding, written field by field. What is undefined is left out. */
export class ProtobufWriter {
  #bytes = new Uint8Array(256);
  #size = 0;

  /** A whole number from 0 to 2^53. */
  integer(field: number, value: number | undefined): this {
    if (value === undefined) return this;
    this.#tag(field, VARINT);
    return this.#varint(value);
  }

  bool(field: number, value: boolean): this {
    return this.integer(field, value ? 1 : 0);
  }

  /** A whole number, which may be more than 2^53. */
  fixed64(field: number, value: bigint): this {
    this.#tag(field, FIXED64);
    this.#view(8).setBigUint64(0, value, true);
    return this;
  }

  double(field: number, value: number): this {
    this.#tag(field, FIXED64);
    this.#view(8).setFloat64(0, value, true);
    return this;
  }

  text(field: number, value: string | undefined): this {
    return value === undefined ? this : this.bytes(field, UTF8.encode(value));
  }

  /** Bytes, or a message that was written before. */
  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, LENGTH_DELIMITED);
    this.#varint(value.length);
    this.#room(value.length);
    this.#bytes.set(value, this.#size);
    this.#size += value.length;
    return this;
  }

  message(field: number, write: (message: ProtobufWriter) => void): this {
    const message = new ProtobufWriter();
    write(message);
    return this.bytes(field, message.written());
  }

  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#size);
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number): this {
    this.#room(10);
    let rest = value;
    // Not by shifting, which knows 32 bits only.
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
      this.#bytes[this.#size++] = (rest % 0x80) + 0x80;
    }
    this.#bytes[this.#size++] = rest;
    return this;
  }

  #view(size: number): DataView {
    this.#room(size);
    const view = new DataView(this.#bytes.buffer, this.#size, size);
    this.#size += size;
    return view;
  }

  #room(size: number): void {
    const needed = this.#size + size;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}
