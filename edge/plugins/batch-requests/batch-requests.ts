import { joinBytes } from "../../join-bytes.ts";
import { within } from "../../upstream/timers.ts";
import type { Exchange } from "../exchange.ts";
import type { Exit } from "../exit.ts";
import { definePlugin, type PluginDeps } from "../plugin.ts";
import { BadBatch, type Batch, readBatch } from "./read-batch.ts";
import { reasonPhrase } from "./reason-phrases.ts";
import { subRequest } from "./sub-request.ts";

interface BatchRequestsMetadata {
  readonly max_body_size: number;
  readonly max_pipeline_items: number;
}

/** One of the answers, in the order of the requests. */
interface BatchedAnswer {
  readonly status: number;
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
}

/** Of all the answers' bodies: they lie in memory until the last has come. */
const MOST_ANSWER_BYTES = 32 * 1024 * 1024;
const TOO_LONG: BatchedAnswer = { status: 502, reason: "the answers are too long together" };
const UNSENDABLE: BatchedAnswer = { status: 400, reason: "Bad Request" };
const TIMED_OUT: BatchedAnswer = { status: 504, reason: "upstream timeout" };

/** Several requests in one, each answered by the whole gateway, one after the other. */
export const batchRequests = definePlugin((deps) => {
  // A batch in a batch would let one request become thousands of thousands.
  const ownRequests = new WeakSet<Request>();
  return {
    build: () => ({}),
    apis: [
      {
        methods: ["POST"],
        uri: "/apisix/batch-requests",
        async handle(exchange, metadata) {
          if (ownRequests.has(exchange.request)) {
            return refusal(400, "a batch of requests cannot hold another one");
          }
          // Its schema has a default for each.
          const batch = await batchOf(exchange, metadata as BatchRequestsMetadata);
          if (!("pipeline" in batch)) return batch;
          return { status: 200, body: await answersOf(batch, exchange, deps, ownRequests) };
        },
      },
    ],
  };
});

async function batchOf(exchange: Exchange, metadata: BatchRequestsMetadata): Promise<Batch | Exit> {
  const { max_body_size: maxBytes, max_pipeline_items: maxItems } = metadata;
  const bytes = await exchange.readBody(maxBytes);
  if (bytes === "too long") {
    const size = exchange.request.headers.get("content-length") ?? `of more than ${maxBytes}`;
    return refusal(
      413,
      `request size ${size} is greater than the maximum size ${maxBytes} allowed`,
    );
  }
  if (bytes.length === 0) {
    return refusal(400, "no request body, you should give at least one pipeline setting");
  }
  try {
    return readBatch(new TextDecoder().decode(bytes), maxItems);
  } catch (error) {
    if (error instanceof BadBatch) return refusal(400, error.message);
    throw error;
  }
}

function refusal(status: number, reason: string): Exit {
  return { status, body: { error_msg: reason } };
}

async function answersOf(
  batch: Batch,
  exchange: Exchange,
  { dispatch, timers }: PluginDeps,
  ownRequests: WeakSet<Request>,
): Promise<BatchedAnswer[]> {
  const answers: BatchedAnswer[] = [];
  const sender = { address: exchange.client.address, waitUntil: exchange.waitUntil };
  let bytesLeft = MOST_ANSWER_BYTES;
  for (const item of batch.pipeline) {
    const stop = new AbortController();
    const request = subRequest(item, batch, exchange, stop.signal);
    if (!request) {
      answers.push(UNSENDABLE);
      continue;
    }
    ownRequests.add(request);
    const answering = dispatch(request, sender).then((response) =>
      answerOf(response, item.method, bytesLeft),
    );
    const answer = await within(timers, batch.timeout, answering, () => new Late()).catch(
      (error: unknown) => {
        if (!(error instanceof Late)) throw error;
        stop.abort();
        return TIMED_OUT;
      },
    );
    bytesLeft -= answer.body?.length ?? 0;
    answers.push(answer);
  }
  return answers;
}

class Late extends Error {}

async function answerOf(
  response: Response,
  method: string,
  maxBytes: number,
): Promise<BatchedAnswer> {
  const { status } = response;
  const head = { status, reason: reasonPhrase(status), headers: namedHeaders(response.headers) };
  if (method === "HEAD" || status === 204 || status === 304) {
    await response.body?.cancel();
    return head;
  }
  try {
    const body = await textOf(response, maxBytes);
    return body === undefined ? TOO_LONG : { ...head, body };
  } catch {
    // The upstream broke off. APISIX leaves the body out too.
    return head;
  }
}

async function textOf({ body }: Response, maxBytes: number): Promise<string | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body ?? []) {
    size += piece.length;
    if (size > maxBytes) return undefined;
    pieces.push(piece);
  }
  return new TextDecoder().decode(joinBytes(pieces, size));
}

/** `Content-Type`, as servers write names; a Worker sees them in lower case. */
function namedHeaders(headers: Headers): Record<string, string | string[]> {
  const named: Record<string, string | string[]> = {};
  for (const name of new Set(headers.keys())) {
    const title = name.replaceAll(/(?<![^-])[a-z]/g, (letter) => letter.toUpperCase());
    const lines = name === "set-cookie" ? headers.getSetCookie() : [headers.get(name) ?? ""];
    named[title] = lines.length === 1 ? (lines[0] ?? "") : lines;
  }
  return named;
}
