/** What a provider of language models was asked. */
export interface AskedProvider {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: unknown;
  /** Aborts when the gateway has given up. */
  readonly signal: AbortSignal;
}

type Answer = (asked: AskedProvider) => Response | Promise<Response>;

/** Stands where providers are, behind `deps.fetch`; by default it answers a chat. */
export function aProvider(answer: Answer = () => Response.json(aChat("Hello!"))) {
  const asked: AskedProvider[] = [];
  return {
    /** In order. */
    asked,
    fetch: async (input: RequestInfo | URL, init: RequestInit = {}) => {
      const { url, method, headers, signal } = new Request(input, init);
      const got = { url, method, headers, signal: init.signal ?? signal };
      const request = { ...got, body: JSON.parse(String(init.body)) };
      asked.push(request);
      return answer(request);
    },
  };
}

/** A whole answer of OpenAI's chat. */
export function aChat(content: string, more: object = {}): object {
  return {
    id: "chat-1",
    object: "chat.completion",
    model: "gpt-4-0613",
    choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
    usage: { prompt_tokens: 23, completion_tokens: 8, total_tokens: 31 },
    ...more,
  };
}

/** Server-sent events, each piece as it is. */
export function aStream(pieces: readonly string[], status = 200): Response {
  const left = pieces.values();
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = left.next();
      if (done) controller.close();
      else controller.enqueue(new TextEncoder().encode(value));
    },
  });
  return new Response(body, { status, headers: { "content-type": "text/event-stream" } });
}

/** The events of a chat that says these words, as OpenAI sends them. */
export function chatEvents(...words: readonly string[]): string[] {
  const chunk = (more: object) => event({ id: "chat-1", model: "gpt-4-0613", ...more });
  return [
    ...words.map((content) => chunk({ choices: [{ index: 0, delta: { content } }] })),
    chunk({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
    chunk({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } }),
    "data: [DONE]\n\n",
  ];
}

export function event(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

/** A POST of JSON. */
export function prompt(body: unknown, headers: Readonly<Record<string, string>> = {}) {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
}

export const HELLO = { model: "gpt-4", messages: [{ role: "user", content: "hello" }] };
