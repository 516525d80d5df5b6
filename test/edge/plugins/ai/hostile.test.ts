import { expect, it } from "vitest";
import { AnthropicStream, anthropicOfChat } from "../../../../edge/plugins/ai/anthropic-answer.ts";
import { ConversionError, chatOfAnthropic } from "../../../../edge/plugins/ai/anthropic-request.ts";
import { isObject } from "../../../../edge/plugins/ai/json-body.ts";
import { toldByAnswer, toldByEvent } from "../../../../edge/plugins/ai/llm-answer.ts";
import { messagesOf } from "../../../../edge/plugins/ai/messages.ts";
import { type Protocol, protocolOf } from "../../../../edge/plugins/ai/protocol.ts";
import { SseReader, writeEvent } from "../../../../edge/plugins/ai/sse-events.ts";
import type { JsonValue } from "../../../../shared/expression/variables.ts";
import { type Random, runSeed, seededRandom } from "../../../support/random.ts";

/** Prompts and answers that fit no protocol: whatever they are, nothing fails but as it is meant to. */

const RUNS = 3000;
const PROTOCOLS: readonly Protocol[] = [
  "openai-chat",
  "anthropic-messages",
  "openai-responses",
  "openai-embeddings",
  "passthrough",
];
/** What the code looks for, so that random values get deep into it. */
const NAMES = [
  ...["messages", "content", "role", "system", "tools", "name", "input", "type", "text", "id"],
  ...["choices", "delta", "message", "tool_calls", "function", "arguments", "index", "usage"],
  ...["finish_reason", "source", "data", "tool_choice", "metadata", "error", "response", "output"],
];
const TEXTS = ["", "text", "user", "tool_use", "tool_result", "image", "base64", "{}", "{", "stop"];

function randomValue(random: Random, depth: number): JsonValue {
  const kind = depth === 0 ? random.below(4) : random.below(8);
  if (kind === 0) return random.pick([null, true, false]);
  if (kind === 1) return random.below(10);
  if (kind < 4) return random.pick(TEXTS);
  const size = random.below(4);
  const some = Array.from({ length: size }, () => randomValue(random, depth - 1));
  if (kind < 6) return some;
  return Object.fromEntries(some.map((value) => [random.pick(NAMES), value]));
}

function randomObject(random: Random) {
  const fields = Array.from({ length: 6 }, () => [random.pick(NAMES), randomValue(random, 5)]);
  return Object.fromEntries(fields) as { readonly [name: string]: JsonValue };
}

function converts(make: () => unknown): void {
  try {
    make();
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
  }
}

const seed = runSeed();

it(`random prompts are read and converted, seed ${seed}`, () => {
  const random = seededRandom(seed);
  for (let run = 0; run < RUNS; run++) {
    const body = randomObject(random);
    converts(() => chatOfAnthropic(body));
    const uri = random.pick(["/", "/v1/messages", "/v1/responses", "/converse"]);
    for (const { content } of messagesOf(body, protocolOf(body, uri))) {
      expect(typeof content).toBe("string");
    }
  }
});

it(`random answers and streams are read and converted, seed ${seed}`, () => {
  const random = seededRandom(seed);
  for (let run = 0; run < RUNS; run++) {
    const protocol = random.pick(PROTOCOLS);
    const answer = randomObject(random);
    converts(() => anthropicOfChat(answer, undefined));
    const { usage } = toldByAnswer(answer, protocol);
    if (usage) expect(Number.isFinite(usage.total)).toBe(true);
    const stream = new AnthropicStream();
    for (let i = 0; i < 4; i++) {
      const event = { type: "message", data: JSON.stringify(randomObject(random)) };
      toldByEvent(event, protocol);
      stream.convert(event);
    }
    stream.end();
  }
});

it(`events are the same however a stream is cut, seed ${seed}`, () => {
  const random = seededRandom(seed);
  for (let run = 0; run < 300; run++) {
    const events = Array.from({ length: 1 + random.below(5) }, () => {
      const data = `${random.pick(TEXTS)}ü${random.pick(["", "\n", "x\ny", "\u2028", "👋"])}`;
      return { type: random.pick(["message", "delta"]), data };
    });
    const end = random.pick(["\n", "\r\n"]);
    const text = events.map(writeEvent).join("").replaceAll("\n", end);
    const bytes = new TextEncoder().encode(text);
    const reader = new SseReader();
    const read: unknown[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = 1 + random.below(9);
      read.push(...reader.push(bytes.subarray(at, at + size)));
      at += size;
    }
    expect(read).toEqual(events);
  }
});

it("an event without an end is not kept for ever", () => {
  const reader = new SseReader();
  const piece = new TextEncoder().encode("x".repeat(700_000));
  expect([...reader.push(piece), ...reader.push(piece)]).toEqual([]);
  const next = reader.push(new TextEncoder().encode("data: 1\n\n"));
  expect(next).toEqual([{ type: "message", data: "1" }]);
});

it("a value that is no object has no messages", () => {
  expect([isObject(null), isObject([]), messagesOf([1], "openai-chat")]).toEqual([
    false,
    false,
    [],
  ]);
});
