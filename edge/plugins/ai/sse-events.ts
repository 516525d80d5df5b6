/** One event of a stream of them (HTML's server-sent events). */
export interface SseEvent {
  /** `message` where none is told. */
  readonly type: string;
  readonly data: string;
}

/** What has no end by then is none that anybody could use. */
const MOST_PENDING = 1024 * 1024;
const BOUNDARY = /\r?\n\r?\n|\r\r/g;
/** Of a boundary, as far as it may have come. */
const BOUNDARY_LENGTH = 4;

/** Finds the events in a stream's pieces, wherever those were cut. */
export class SseReader {
  readonly #decoder = new TextDecoder();
  #pending = "";

  /** Those that have come to their end with this piece. */
  push(piece: Uint8Array): readonly SseEvent[] {
    const seenTo = Math.max(0, this.#pending.length - BOUNDARY_LENGTH);
    const text = this.#pending + this.#decoder.decode(piece, { stream: true });
    const events: SseEvent[] = [];
    let from = 0;
    BOUNDARY.lastIndex = seenTo;
    for (let end = BOUNDARY.exec(text); end; end = BOUNDARY.exec(text)) {
      const event = parseEvent(text.slice(from, end.index));
      if (event) events.push(event);
      from = BOUNDARY.lastIndex;
    }
    const left = text.slice(from);
    this.#pending = left.length > MOST_PENDING ? "" : left;
    return events;
  }
}

export function writeEvent({ type, data }: SseEvent): string {
  const name = type === "message" ? "" : `event: ${type}\n`;
  const lines = data.split("\n").map((line) => `data: ${line}\n`);
  return `${name}${lines.join("")}\n`;
}

/** Undefined: only a comment, or nothing. */
function parseEvent(text: string): SseEvent | undefined {
  let type = "message";
  const lines: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "event") type = value;
    else if (name === "data") lines.push(value);
  }
  return lines.length === 0 ? undefined : { type, data: lines.join("\n") };
}
