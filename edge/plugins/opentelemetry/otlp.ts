import { ProtobufWriter } from "../protobuf-writer.ts";
import type { TraceContext } from "./trace-context.ts";

/** Names and values that say more of a span, or of who made it. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface Span {
  readonly context: TraceContext;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly attributes: Attributes;
  /** Undefined: nothing went wrong. */
  readonly error: string | undefined;
}

/** Field numbers of opentelemetry/proto/{collector/trace,trace,common}/v1. */
const REQUEST = { resourceSpans: 1 };
const RESOURCE_SPANS = { resource: 1, scopeSpans: 2 };
const SCOPE_SPANS = { scope: 1, spans: 2 };
const NAMED = { attributes: 1, name: 1 };
const SPAN = {
  traceId: 1,
  spanId: 2,
  traceState: 3,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  start: 7,
  end: 8,
  attributes: 9,
  status: 15,
};
const STATUS = { message: 2, code: 3 };
const KEY_VALUE = { key: 1, value: 2 };
const ANY_VALUE = { text: 1, bool: 2, integer: 3, double: 4 };
const KIND_SERVER = 2;
const CODE_ERROR = 2;

/** One span, for `exportRequest`. */
export function writeSpan(span: Span): Uint8Array {
  const { context, parentSpanId, error } = span;
  const message = new ProtobufWriter()
    .bytes(SPAN.traceId, bytesOfHex(context.traceId))
    .bytes(SPAN.spanId, bytesOfHex(context.spanId))
    .text(SPAN.traceState, context.state || undefined);
  if (parentSpanId !== undefined) message.bytes(SPAN.parentSpanId, bytesOfHex(parentSpanId));
  message
    .text(SPAN.name, span.name)
    .integer(SPAN.kind, KIND_SERVER)
    .fixed64(SPAN.start, nanoseconds(span.startedAt))
    .fixed64(SPAN.end, nanoseconds(span.endedAt));
  writeAttributes(message, SPAN.attributes, span.attributes);
  if (error !== undefined) {
    message.message(SPAN.status, (status) =>
      status.text(STATUS.message, error).integer(STATUS.code, CODE_ERROR),
    );
  }
  return message.written();
}

/** The body of a request to `/v1/traces`. `spans`: as `writeSpan` wrote them. */
export function exportRequest(
  resource: Attributes,
  scope: string,
  spans: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const request = new ProtobufWriter().message(REQUEST.resourceSpans, (ofResource) => {
    ofResource.message(RESOURCE_SPANS.resource, (message) =>
      writeAttributes(message, NAMED.attributes, resource),
    );
    ofResource.message(RESOURCE_SPANS.scopeSpans, (ofScope) => {
      ofScope.message(SCOPE_SPANS.scope, (message) => message.text(NAMED.name, scope));
      for (const span of spans) ofScope.bytes(SCOPE_SPANS.spans, span);
    });
  });
  return request.written();
}

function writeAttributes(message: ProtobufWriter, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    message.message(field, (pair) => {
      pair.text(KEY_VALUE.key, key).message(KEY_VALUE.value, (any) => writeValue(any, value));
    });
  }
}

function writeValue(any: ProtobufWriter, value: string | number | boolean): void {
  if (typeof value === "string") any.text(ANY_VALUE.text, value);
  else if (typeof value === "boolean") any.bool(ANY_VALUE.bool, value);
  else if (Number.isSafeInteger(value) && value >= 0) any.integer(ANY_VALUE.integer, value);
  else any.double(ANY_VALUE.double, value);
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}

function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  }
  return bytes;
}
