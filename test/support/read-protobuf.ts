/** One field of a message in Protocol Buffers' encoding; those of 64 bits as they lie there. */
export type ProtobufField = readonly [field: number, value: number | bigint | Uint8Array];

/** Reads what `ProtobufWriter` writes, by the format's own description and not by that class. */
export function readProtobuf(bytes: Uint8Array): ProtobufField[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: ProtobufField[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = view.getUint8(at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, wireType] = [Math.floor(tag / 8), tag % 8];
    if (wireType === 0) fields.push([field, varint()]);
    else if (wireType === 1) {
      fields.push([field, view.getBigUint64(at, true)]);
      at += 8;
    } else if (wireType === 2) {
      const length = varint();
      fields.push([field, bytes.subarray(at, at + length)]);
      at += length;
    } else throw new Error(`wire type ${wireType}`);
  }
  return fields;
}

/** All values of a field that are texts or messages. */
export function bytesOf(message: Uint8Array, field: number): Uint8Array[] {
  return readProtobuf(message).flatMap(([found, value]) =>
    found === field && value instanceof Uint8Array ? [value] : [],
  );
}

export function textsOf(message: Uint8Array, field: number): string[] {
  return bytesOf(message, field).map((bytes) => new TextDecoder().decode(bytes));
}
