import type { ReadBody } from "../../shared/request/body-values.ts";
import { joinBytes } from "../join-bytes.ts";
import { PieceReader } from "../upstream/piece-reader.ts";
import { announcedLength } from "../upstream/sending.ts";

/** A body that was read before the request is sent on, because a condition asked for what lies in it. */
export interface ReadAhead {
  /** What variables may look into. */
  readonly body: ReadBody;
  /** All of it, for the upstream: the bytes, or where they were too many, those and what follows. */
  readonly rest: Uint8Array | ReadableStream<Uint8Array>;
}

/**
 * Reads the body up to `maxBytes`. One that is longer is not lost: what was read of it is put before the
 * rest. Rejects with what reading the body rejects with, as when the client went away.
 */
export async function readAhead(
  request: Pick<Request, "headers" | "body">,
  maxBytes: number,
): Promise<ReadAhead> {
  const stream: ReadableStream<Uint8Array> | null = request.body;
  if (stream === null) return { body: new Uint8Array(), rest: new Uint8Array() };
  if ((announcedLength(request.headers) ?? 0) > maxBytes) return { body: "too long", rest: stream };
  const reader = new PieceReader(stream);
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let part = await reader.next(); part; part = await reader.next()) {
    parts.push(part);
    size += part.length;
    if (size > maxBytes) return { body: "too long", rest: continued(parts, reader) };
  }
  const bytes = joinBytes(parts, size);
  return { body: bytes, rest: bytes };
}

function continued(parts: readonly Uint8Array[], reader: PieceReader): ReadableStream<Uint8Array> {
  const waiting = parts.values();
  return new ReadableStream({
    async pull(controller) {
      const part = waiting.next();
      if (!part.done) {
        controller.enqueue(part.value);
        return;
      }
      const next = await reader.next();
      if (next) controller.enqueue(next);
      else controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
