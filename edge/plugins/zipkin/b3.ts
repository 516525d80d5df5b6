/** What a request says of its trace, in the headers of Zipkin's B3. */
export interface B3 {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** Undefined: whoever gets it decides. */
  readonly isSampled: boolean | undefined;
  /** `d`, or `X-B3-Flags: 1`: recorded, whatever the ratio says. */
  readonly isDebug: boolean;
}

/** Undefined: the single header `b3` is not one. */
export function readB3(header: (name: string) => string | null): B3 | undefined {
  const single = header("b3");
  const isDebug = header("x-b3-flags") === "1";
  if (single !== null) return readSingle(single, isDebug);
  const [traceId, spanId, parentId] = ["traceid", "spanid", "parentspanid"].map(
    (name) => header(`x-b3-${name}`) ?? undefined,
  );
  const sampled = header("x-b3-sampled") ?? undefined;
  return known({ traceId, spanId, parentId, sampled, isDebug });
}

/** `0`, or `TRACE-SPAN[-SAMPLED[-PARENT]]`. */
function readSingle(header: string, isDebug: boolean): B3 | undefined {
  if (header === "0") return known({ sampled: "0", isDebug });
  const [traceId, spanId, sampled, ...parent] = header.split("-");
  if (spanId === undefined) return undefined;
  const parentId = parent.length > 0 ? parent.join("-") : undefined;
  return known({ traceId, spanId, parentId, sampled, isDebug: isDebug || sampled === "d" });
}

interface Told {
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  readonly parentId?: string | undefined;
  readonly sampled?: string | undefined;
  readonly isDebug: boolean;
}

/** One id that is none, and none counts. */
function known({ traceId, spanId, parentId, sampled, isDebug }: Told): B3 {
  const isWhole =
    traceId !== undefined &&
    /^([0-9a-f]{16}|[0-9a-f]{32})$/i.test(traceId) &&
    [spanId, parentId].every((id) => id === undefined || /^[0-9a-f]{16}$/i.test(id));
  return {
    traceId: isWhole ? traceId.toLowerCase() : undefined,
    spanId: isWhole ? spanId?.toLowerCase() : undefined,
    isSampled: decisionOf(sampled) ?? (isDebug ? true : undefined),
    isDebug,
  };
}

function decisionOf(sampled: string | undefined): boolean | undefined {
  if (sampled === "1" || sampled === "true" || sampled === "d") return true;
  return sampled === "0" || sampled === "false" ? false : undefined;
}
