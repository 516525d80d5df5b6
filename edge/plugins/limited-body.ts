import { GatewayError } from "../errors.ts";

/** The body, which fails with a `GatewayError` of 413 as soon as more than `maxBytes` of it have come. */
export function limitedBody(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
): ReadableStream<Uint8Array> {
  let size = 0;
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, controller) {
      size += piece.length;
      if (size > maxBytes) throw bodyTooLong(maxBytes);
      controller.enqueue(piece);
    },
  });
  return body.pipeThrough(counting);
}

export function bodyTooLong(maxBytes: number): GatewayError {
  return new GatewayError("downstream", 413, `the client's body is longer than ${maxBytes} bytes`);
}
