/**
 * A body whose length the client is told. The platform sends a stream of ours in chunks, whatever the
 * Content-Length header says, unless it comes through this. Errors where the stream is shorter or longer.
 */
export function sized(
  stream: ReadableStream<Uint8Array>,
  length: number | undefined,
): ReadableStream<Uint8Array> {
  if (length === undefined) return stream;
  const { readable, writable } = new FixedLengthStream(length);
  // A failure of either side reaches the other by itself.
  stream.pipeTo(writable).catch(() => undefined);
  return readable;
}
