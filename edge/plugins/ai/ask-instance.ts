import type { JsonValue } from "../../../shared/expression/variables.ts";
import { parseJson } from "../../../shared/parse-json.ts";
import { joinBytes } from "../../join-bytes.ts";
import { ByteSource } from "../../upstream/byte-source.ts";
import { UpstreamFailure } from "../../upstream/failure.ts";
import { within } from "../../upstream/timers.ts";
import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import type { PluginDeps } from "../plugin.ts";
import { anthropicOfChat } from "./anthropic-answer.ts";
import { ConversionError } from "./anthropic-request.ts";
import type { Instance } from "./instance.ts";
import { toldByAnswer } from "./llm-answer.ts";
import type { LlmRecord } from "./llm-record.ts";
import { LlmStream, type LlmStreamLimits } from "./llm-stream.ts";
import type { Prompt } from "./prompt.ts";
import { askedModel, type ProviderRequest, providerRequest } from "./provider-request.ts";

export interface LlmAnswer {
  readonly exit: Exit;
  readonly contentType?: string | undefined;
  /** `failed`: 429, 5xx, or none at all, where another instance may do better. */
  readonly is: "answered" | "failed";
  /** Undefined: the instance was not asked, or the client did not wait for it. */
  readonly outcome?: InstanceOutcome | undefined;
}

/** What an instance's health is judged by. */
export interface InstanceOutcome {
  readonly is: "answer" | "no answer";
  /** Of the answer, or what its absence counts as. */
  readonly status: number;
}

export type AskDeps = Pick<PluginDeps, "fetch" | "timers" | "now" | "log">;

export interface Ask {
  readonly exchange: Exchange;
  readonly prompt: Prompt;
  readonly instance: Instance;
  readonly record: LlmRecord;
  readonly limits: LlmStreamLimits;
}

/** An answer that is no stream has to be in memory, twice and as JSON. */
const MOST_BYTES = 32 * 1024 * 1024;

/** Asks one instance; a stream is answered once its first piece is there. */
export async function askInstance(ask: Ask, deps: AskDeps): Promise<LlmAnswer> {
  const { exchange, prompt, instance, record } = ask;
  const request = providerRequest(exchange, prompt, instance);
  if ("status" in request) return { exit: request, is: "answered" };
  record.asking(instance, request);
  const startedAt = deps.now();
  const aborting = new AbortController();
  const abort = () => aborting.abort();
  exchange.request.signal.addEventListener("abort", abort);
  const ended = (status: number) => {
    const { host, port } = instance;
    exchange.attempts.push({ host, port, status, ms: deps.now() - startedAt });
  };
  let response: Response;
  try {
    response = await send(request, aborting.signal, ask.limits.timeout, deps);
  } catch (error) {
    abort();
    const answer = failed(error, ask, deps);
    ended(answer.exit.status);
    return answer;
  }
  ended(response.status);
  const received = { ...ask, request, response, startedAt, abort };
  try {
    const answer = await answerOf(received, deps);
    return { ...answer, outcome: { is: "answer", status: response.status } };
  } catch (error) {
    abort();
    return failed(error, ask, deps);
  }
}

function send(
  { url, headers, body }: ProviderRequest,
  signal: AbortSignal,
  limitMs: number,
  { fetch, timers }: AskDeps,
): Promise<Response> {
  // A redirect would take the secrets in the headers to wherever it leads.
  const init = { method: "POST", headers, body: JSON.stringify(body), redirect: "manual" } as const;
  const late = () => new UpstreamFailure("timeout", true, `no answer for ${limitMs} ms`);
  return within(timers, limitMs, fetch(url, { ...init, signal }), late);
}

/** As APISIX: 504 where nothing came in time, else 500. */
function failed(error: unknown, { exchange, instance }: Ask, { log }: AskDeps): LlmAnswer {
  // Nobody is there to be answered, and nobody to be blamed.
  if (exchange.request.signal.aborted) return { exit: { status: 500 }, is: "answered" };
  const reason = error instanceof Error ? error.message : String(error);
  log(`the AI instance ${instance.name} failed: ${reason}`);
  const isLate = error instanceof UpstreamFailure && error.kind === "timeout";
  const status = isLate ? 504 : 500;
  return { exit: { status }, is: "failed", outcome: { is: "no answer", status } };
}

interface Received extends Ask {
  readonly request: ProviderRequest;
  readonly response: Response;
  readonly startedAt: number;
  readonly abort: () => void;
}

/** Throws `UpstreamFailure` where the provider breaks off before there is anything to answer. */
async function answerOf(received: Received, deps: AskDeps): Promise<LlmAnswer> {
  const { response } = received;
  const { status } = response;
  const contentType = response.headers.get("content-type") ?? undefined;
  const isError = status === 429 || status >= 500;
  if (response.body && !isError && contentType?.includes("text/event-stream")) {
    return streamed(received, response.body, contentType, deps);
  }
  const bytes = await wholeBody(received, deps);
  if (bytes === "too long") {
    return { exit: { status: 502, body: "max_response_bytes exceeded" }, is: "failed" };
  }
  if (isError) return { exit: { status, body: bytes }, contentType, is: "failed" };
  received.record.firstToken(deps.now() - received.startedAt);
  const body = readWhole(received, bytes);
  if (typeof body === "string") return { exit: { status: 500, body }, is: "failed" };
  return { exit: { status, body }, contentType, is: "answered" };
}

async function wholeBody(
  { response, limits, abort }: Received,
  { timers }: AskDeps,
): Promise<Uint8Array | "too long"> {
  if (!response.body) return new Uint8Array();
  const source = new ByteSource(response.body, timers, limits.timeout);
  source.startClock();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let piece = await source.next(); piece; piece = await source.next()) {
    parts.push(piece);
    size += piece.length;
    if (size <= Math.min(limits.max_response_bytes ?? MOST_BYTES, MOST_BYTES)) continue;
    abort();
    await source.cancel().catch(() => undefined);
    return "too long";
  }
  return joinBytes(parts, size);
}

/** What the client gets, once the record has been told; a text: why it cannot have it. */
function readWhole(
  { record, request, response, prompt, instance }: Received,
  bytes: Uint8Array,
): Uint8Array | string {
  const parsed = parseJson(new TextDecoder().decode(bytes));
  if ("fault" in parsed) return bytes;
  const answer = parsed.value as JsonValue;
  record.told(toldByAnswer(answer, request.protocol));
  // An error has no choices to convert, and the provider's own words to tell.
  if (!request.isConverted || response.status >= 400) return bytes;
  try {
    const converted = anthropicOfChat(answer, askedModel(prompt, instance));
    return new TextEncoder().encode(JSON.stringify(converted));
  } catch (error) {
    if (error instanceof ConversionError) return error.message;
    throw error;
  }
}

const NO_OUTPUT =
  "streaming response completed without producing any output; the upstream likely returned a " +
  "different stream format than the converter expects";

async function streamed(
  received: Received,
  body: ReadableStream<Uint8Array>,
  contentType: string,
  deps: AskDeps,
): Promise<LlmAnswer> {
  const { instance, limits, request, response } = received;
  const stream = new LlmStream({ ...received, body }, limits, deps);
  const first = await stream.next();
  if (!first && stream.hit) {
    const status = stream.hit === "max_stream_duration_ms" ? 504 : 502;
    return { exit: { status, body: `${stream.hit} exceeded` }, is: "failed" };
  }
  if (!first && request.isConverted) {
    return { exit: { status: 502, body: NO_OUTPUT }, is: "failed" };
  }
  const told = (reason: string) =>
    deps.log(`the stream of the AI instance ${instance.name}: ${reason}`);
  const passed = passOn(stream, first, told);
  return { exit: { status: response.status, body: passed }, contentType, is: "answered" };
}

/** Read only as fast as the client takes it; its leaving ends the provider's work. */
function passOn(
  stream: LlmStream,
  first: Uint8Array | undefined,
  log: (reason: string) => void,
): ReadableStream<Uint8Array> {
  let waiting = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece =
          waiting ??
          (await stream.next().catch((error: Error) => {
            log(error.message);
            stream.stop();
            throw error;
          }));
        waiting = undefined;
        if (piece) {
          controller.enqueue(piece);
          return;
        }
        if (stream.hit) log(`${stream.hit} exceeded`);
        controller.close();
      },
      cancel: () => stream.stop(),
    },
    { highWaterMark: 0 },
  );
}
