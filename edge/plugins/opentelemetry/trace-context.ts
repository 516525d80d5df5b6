/** A place in a trace, as the headers `traceparent` and `tracestate` name it (W3C Trace Context). */
export interface TraceContext {
  /** 32 hexadecimal digits, not all 0. */
  readonly traceId: string;
  /** 16 of them. */
  readonly spanId: string;
  /** One byte; the lowest bit says that the trace is recorded. */
  readonly flags: number;
  /** What other tracers keep there; "": nothing. */
  readonly state: string;
}

const SAMPLED = 1;
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

export function isSampled({ flags }: TraceContext): boolean {
  return (flags & SAMPLED) === SAMPLED;
}

/** Flags of a span whose parent has `flags`. */
export function flagsOf(isRecorded: boolean, flags = 0): number {
  return isRecorded ? flags | SAMPLED : 0;
}

/** Undefined where the headers name no place. */
export function readTraceContext(
  traceparent: string | null,
  tracestate: string | null,
): TraceContext | undefined {
  const found = TRACEPARENT.exec(traceparent?.trim() ?? "");
  if (!found) return undefined;
  const [, release, traceId = "", spanId = "", flags = "", more] = found;
  // Only later releases of the header may have more in it; `ff` is none.
  if (release === "ff" || (release === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16), state: readState(tracestate) };
}

export function writeTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, "0")}`;
}

const KEY = /^([a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const MOST_MEMBERS = 32;

/** "" where anything in it is wrong, as the standard wants. */
function readState(header: string | null): string {
  const members = (header ?? "").split(",").filter((member) => member.trim() !== "");
  const read = members.map((member) => {
    const equals = member.indexOf("=");
    const [key, value] = [member.slice(0, equals).trimStart(), member.slice(equals + 1).trimEnd()];
    return equals > 0 && KEY.test(key) && VALUE.test(value) ? `${key}=${value}` : undefined;
  });
  return read.length > MOST_MEMBERS || read.includes(undefined) ? "" : read.join(",");
}
