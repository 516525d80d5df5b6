import { describe, expect, it } from "vitest";
import { anOpenWorld, openAi } from "../../support/llm-world.ts";
import {
  aChat,
  aProvider,
  aStream,
  chatEvents,
  HELLO,
  prompt,
} from "../../support/scripted-provider.ts";

/** Each answer of the provider takes 10 tokens: 6 of the prompt, 4 of the answer. */
const TEN = { usage: { prompt_tokens: 6, completion_tokens: 4, total_tokens: 10 } };
const tenTokens = () => aProvider(() => Response.json(aChat("hi", TEN)));

async function asked(world: ReturnType<typeof anOpenWorld>, init: object = prompt(HELLO)) {
  const answer = await world.get("/r", init);
  const body = await answer.text();
  await world.settled();
  return { answer, status: answer.status, body };
}

async function statuses(world: ReturnType<typeof anOpenWorld>, times: number) {
  const found: number[] = [];
  for (let i = 0; i < times; i++) found.push((await asked(world)).status);
  return found;
}

describe("ai-rate-limiting", () => {
  it("charges tokens when the answer is over, so who goes beyond the limit still passes", async () => {
    const world = anOpenWorld(tenTokens());
    const limit = { limit: 25, time_window: 60 };
    await world.serve({ "ai-proxy": openAi(), "ai-rate-limiting": limit });
    const told: (string | null)[][] = [];
    for (let i = 0; i < 4; i++) {
      const { answer, status } = await asked(world);
      const header = (name: string) => answer.headers.get(`X-AI-RateLimit-${name}-ai-proxy-openai`);
      told.push([String(status), header("Limit"), header("Remaining")]);
    }
    expect(told).toEqual([
      ["200", "25", "24"],
      ["200", "25", "14"],
      ["200", "25", "4"],
      ["503", "25", "0"],
    ]);
    expect(world.provider.asked).toHaveLength(3);
    world.clock.now += 60_000;
    expect(await statuses(world, 1)).toEqual([200]);
  });

  it.each([
    ["total_tokens", [200, 200, 503]],
    ["prompt_tokens", [200, 200, 503]],
    ["completion_tokens", [200, 200, 200, 503]],
  ])("counts %s", async (strategy, wanted) => {
    const world = anOpenWorld(tenTokens());
    const limit = { limit: 12, time_window: 60, limit_strategy: strategy };
    await world.serve({ "ai-proxy": openAi(), "ai-rate-limiting": limit });
    expect(await statuses(world, wanted.length)).toEqual(wanted);
  });

  it("counts what a stream tells of itself", async () => {
    const world = anOpenWorld(aProvider(() => aStream(chatEvents("Hi"))));
    const limit = { limit: 7, time_window: 60 };
    await world.serve({ "ai-proxy": openAi(), "ai-rate-limiting": limit });
    const stream = prompt({ ...HELLO, stream: true });
    expect((await asked(world, stream)).status).toBe(200);
    expect((await asked(world, stream)).status).toBe(503);
  });

  it("counts nothing of an answer that tells no usage", async () => {
    const world = anOpenWorld(aProvider(() => Response.json({}, { status: 401 })));
    const limit = { limit: 1, time_window: 60 };
    await world.serve({ "ai-proxy": openAi(), "ai-rate-limiting": limit });
    expect(await statuses(world, 3)).toEqual([401, 401, 401]);
  });

  it("says no as it is told to", async () => {
    const world = anOpenWorld(tenTokens());
    const says = { rejected_code: 429, rejected_msg: "later", show_limit_quota_header: false };
    const limit = { limit: 5, time_window: 60, ...says };
    await world.serve({ "ai-proxy": openAi(), "ai-rate-limiting": limit });
    await asked(world);
    const { answer, status, body } = await asked(world);
    expect([status, body]).toEqual([429, '{"error_msg":"later"}\n']);
    expect(answer.headers.has("X-AI-RateLimit-Limit-ai-proxy-openai")).toBe(false);
  });

  it("lets alone what no language model is asked", async () => {
    const world = anOpenWorld();
    await world.serve({ "ai-rate-limiting": { limit: 1, time_window: 60 } });
    expect(await statuses(world, 3)).toEqual([200, 200, 200]);
  });

  it("counts rules by their keys", async () => {
    const world = anOpenWorld(tenTokens());
    const rules = [{ count: 5, time_window: 60, key: "$http_x_user", header_prefix: "user" }];
    await world.serve({ "ai-proxy": openAi(), "ai-rate-limiting": { rules } });
    const as = (user: string) => asked(world, prompt(HELLO, { "x-user": user }));
    const first = await as("a");
    expect(first.answer.headers.get("X-AI-user-RateLimit-Limit")).toBe("5");
    expect([first.status, (await as("a")).status, (await as("b")).status]).toEqual([200, 503, 200]);
  });

  it.each([
    ["a cost_expr", { limit_strategy: "expression", cost_expr: "a + b" }, "cost_expr"],
    [
      "counters that the Worker has no binding for",
      { policy: "redis", redis_host: "r" },
      "RATE_LIMITS",
    ],
  ])("is refused with %s", async (_, more, reason) => {
    const world = anOpenWorld();
    const limit = { limit: 5, time_window: 60, ...more };
    await world.serve({ "ai-proxy": openAi(), "ai-rate-limiting": limit });
    const { status, body } = await asked(world);
    expect(status).toBe(503);
    expect(body).toContain(reason);
  });
});

describe("ai-rate-limiting of several instances", () => {
  const instance = (name: string, priority: number) => {
    const override = { endpoint: `http://${name.replace(" ", "-")}.test` };
    const provider = { provider: "openai-compatible", auth: {}, override };
    return { name, priority, weight: 1, ...provider };
  };
  const instances = [instance("the first", 1), instance("second", 0)];
  const hosts = ({ provider }: ReturnType<typeof anOpenWorld>) =>
    provider.asked.map(({ url }) => new URL(url).hostname);
  const own = { instances: [{ name: "the first", limit: 10, time_window: 60 }] };

  it("turns away those of an instance that has none left, without a fallback_strategy", async () => {
    const world = anOpenWorld(tenTokens());
    await world.serve({ "ai-proxy-multi": { instances }, "ai-rate-limiting": own });
    const { answer } = await asked(world);
    expect(answer.headers.get("X-AI-RateLimit-Limit-the_first")).toBe("10");
    expect(await statuses(world, 1)).toEqual([503]);
  });

  it("has another one asked, with the fallback_strategy rate_limiting", async () => {
    const world = anOpenWorld(tenTokens());
    const multi = { instances, fallback_strategy: ["rate_limiting"] };
    await world.serve({ "ai-proxy-multi": multi, "ai-rate-limiting": own });
    expect(await statuses(world, 3)).toEqual([200, 200, 200]);
    expect(hosts(world)).toEqual(["the-first.test", "second.test", "second.test"]);
  });

  it("shares one limit among those without one of their own, and answers when all is used up", async () => {
    const world = anOpenWorld(tenTokens());
    const multi = { instances, fallback_strategy: "instance_health_and_rate_limiting" };
    const limits = { ...own, limit: 10, time_window: 60 };
    await world.serve({ "ai-proxy-multi": multi, "ai-rate-limiting": limits });
    expect(await statuses(world, 2)).toEqual([200, 200]);
    const { status, body } = await asked(world);
    expect([status, body]).toEqual([503, "all servers tried"]);
  });
});
