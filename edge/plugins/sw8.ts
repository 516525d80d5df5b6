/** The place in a trace that a `sw8` header names (SkyWalking's cross-process propagation, version 3). */
export interface Sw8Context {
  readonly traceId: string;
  readonly traceSegmentId: string;
  readonly spanId: number;
}

/** Undefined for what is no such header. */
export function readSw8(header: string | null): Sw8Context | undefined {
  const parts = header?.split("-") ?? [];
  if (parts.length !== 8) return undefined;
  const [, trace = "", segment = "", span = ""] = parts;
  const traceId = decoded(trace);
  const traceSegmentId = decoded(segment);
  if (traceId === undefined || traceSegmentId === undefined || !/^\d+$/.test(span))
    return undefined;
  return { traceId, traceSegmentId, spanId: Number(span) };
}

function decoded(base64: string): string | undefined {
  try {
    return atob(base64);
  } catch {
    return undefined;
  }
}
