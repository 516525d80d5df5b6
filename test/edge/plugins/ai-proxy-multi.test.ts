import { describe, expect, it } from "vitest";
import { anOpenWorld } from "../../support/llm-world.ts";
import {
  type AskedProvider,
  aChat,
  aProvider,
  aStream,
  chatEvents,
  HELLO,
  prompt,
} from "../../support/scripted-provider.ts";

/** An instance whose endpoint is its name. */
function instance(name: string, more: object = {}): object {
  const override = { endpoint: `http://${name}.test` };
  return { name, provider: "openai-compatible", auth: {}, weight: 1, override, ...more };
}

const nameOf = ({ url }: AskedProvider) => new URL(url).hostname.replace(".test", "");

/** Instances answer their names; those in `failing` the status told there. */
function aFleet(failing: Readonly<Record<string, number>> = {}) {
  return aProvider((asked) => {
    const name = nameOf(asked);
    const status = failing[name];
    if (status === 0) throw new Error("refused");
    return status === undefined ? Response.json(aChat(name)) : Response.json({ name }, { status });
  });
}

async function askedOf(world: ReturnType<typeof anOpenWorld>, times: number, path = "/r") {
  const from = world.provider.asked.length;
  for (let i = 0; i < times; i++) await (await world.get(path, prompt(HELLO))).text();
  return world.provider.asked.slice(from).map(nameOf);
}

function counts(all: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const one of all) found[one] = (found[one] ?? 0) + 1;
  return found;
}

describe("ai-proxy-multi chooses", () => {
  it("in turn, by weight", async () => {
    const world = anOpenWorld(aFleet());
    const instances = [instance("a", { weight: 3 }), instance("b"), instance("c", { weight: 0 })];
    await world.serve({ "ai-proxy-multi": { instances } });
    expect(counts(await askedOf(world, 8))).toEqual({ a: 6, b: 2 });
  });

  it("going on with its rotation in a new generation", async () => {
    const world = anOpenWorld(aFleet());
    const instances = [instance("a"), instance("b"), instance("c")];
    const all: string[] = [];
    for (let i = 0; i < 6; i++) {
      await world.serve({ "ai-proxy-multi": { instances } });
      all.push(...(await askedOf(world, 1)));
    }
    expect(counts(all)).toEqual({ a: 2, b: 2, c: 2 });
  });

  it("none of a lower priority while there is one of a higher", async () => {
    const world = anOpenWorld(aFleet());
    const instances = [instance("low"), instance("high", { priority: 9 })];
    await world.serve({ "ai-proxy-multi": { instances } });
    expect(counts(await askedOf(world, 4))).toEqual({ high: 4 });
  });

  it.each([
    ["a variable", { hash_on: "vars", key: "arg_k" }, (k: string) => `/r?k=${k}`],
    [
      "a combination",
      { hash_on: "vars_combinations", key: "$arg_k-$request_method" },
      (k: string) => `/r?k=${k}`,
    ],
  ])("by the hash of %s", async (_, by, path) => {
    const world = anOpenWorld(aFleet());
    const instances = ["a", "b", "c"].map((name) => instance(name));
    await world.serve({ "ai-proxy-multi": { instances, balancer: { algorithm: "chash", ...by } } });
    const byKey = new Map<string, string>();
    for (let k = 0; k < 30; k++) {
      const [first, second] = await askedOf(world, 2, path(String(k)));
      expect(first).toBe(second);
      byKey.set(String(k), String(first));
    }
    expect(new Set(byKey.values()).size).toBe(3);
  });

  it("by the hash of what lies in the body", async () => {
    const world = anOpenWorld(aFleet());
    const instances = ["a", "b", "c"].map((name) => instance(name));
    const balancer = { algorithm: "chash", hash_on: "vars", key: "post_arg.user" };
    await world.serve({ "ai-proxy-multi": { instances, balancer } });
    const ask = async (user: string) => {
      await (await world.get("/r", prompt({ ...HELLO, user }))).text();
      return world.provider.asked.at(-1);
    };
    const names = [];
    for (const user of ["u1", "u1", "u2", "u3", "u4", "u5", "u6"]) {
      names.push(nameOf((await ask(user)) as AskedProvider));
    }
    expect(names[0]).toBe(names[1]);
    expect(new Set(names).size).toBeGreaterThan(1);
  });

  it.each([
    [
      "by meaning",
      { instances: [instance("a")], balancer: { algorithm: "semantic" } },
      "by meaning",
    ],
    [
      "from a provider that it does not speak to",
      { instances: [instance("a"), instance("b", { provider: "vertex-ai" })] },
      "vertex-ai",
    ],
  ])("not %s: 503 with the reason", async (_, configuration, reason) => {
    const world = anOpenWorld(aFleet());
    await world.serve({ "ai-proxy-multi": configuration });
    const answer = await world.get("/r", prompt(HELLO));
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain(reason);
  });

  it("each instance with its own authentication, options and protocol", async () => {
    const world = anOpenWorld(aFleet());
    const auth = (key: string) => ({ header: { Authorization: key } });
    const instances = [
      instance("a", { auth: auth("A"), options: { model: "m-a" } }),
      instance("b", { auth: auth("B"), options: { model: "m-b" } }),
    ];
    await world.serve({ "ai-proxy-multi": { instances }, "log-variables": {} });
    await askedOf(world, 2);
    const sent = world.provider.asked.map((asked) => [
      nameOf(asked),
      asked.headers.get("authorization"),
      (asked.body as { model: string }).model,
    ]);
    expect(sent.sort()).toEqual([
      ["a", "A", "m-a"],
      ["b", "B", "m-b"],
    ]);
    const last = nameOf(world.provider.asked.at(-1) as AskedProvider);
    expect(await world.logged()).toMatchObject({ balancer_ip: last, llm_model: `m-${last}` });
  });
});

const TWO = [instance("bad", { priority: 9 }), instance("good")];

describe("ai-proxy-multi without a fallback_strategy", () => {
  it.each([
    [0, 500],
    [429, 429],
    [503, 503],
  ])("answers for an instance of %i with %i", async (failure, status) => {
    const world = anOpenWorld(aFleet({ bad: failure }));
    await world.serve({ "ai-proxy-multi": { instances: TWO } });
    expect((await world.get("/r", prompt(HELLO))).status).toBe(status);
    expect(world.provider.asked.map(nameOf)).toEqual(["bad"]);
  });
});

describe("ai-proxy-multi asks another instance", () => {
  it.each([
    ["429 with http_429", 429, { fallback_strategy: ["http_429"] }],
    ["5xx with http_5xx", 503, { fallback_strategy: "http_5xx" }],
    ["no connection with http_5xx", 0, { fallback_strategy: ["rate_limiting", "http_5xx"] }],
    ["a status of fallback_http_statuses", 404, { fallback_http_statuses: [404] }],
  ])("for %s", async (_, failure, policy) => {
    const world = anOpenWorld(aFleet({ bad: failure }));
    await world.serve({ "ai-proxy-multi": { instances: TWO, ...policy }, "log-variables": {} });
    const answer = await world.get("/r", prompt(HELLO));
    expect(await answer.json()).toEqual(aChat("good"));
    expect(answer.status).toBe(200);
    expect(answer.headers.has("x-apisix-upstream-status")).toBe(false);
    expect(world.provider.asked.map(nameOf)).toEqual(["bad", "good"]);
    const status = failure === 0 ? 500 : failure;
    expect(await world.logged()).toMatchObject({
      upstream_status: `${status}, 200`,
      balancer_ip: "good",
      llm_total_tokens: 31,
    });
  });

  it.each([
    ["5xx without http_5xx", 500, { fallback_strategy: ["http_429"] }],
    ["429 without http_429", 429, { fallback_strategy: ["http_5xx"] }],
    ["other statuses", 401, { fallback_strategy: ["http_429", "http_5xx"] }],
    ["more than max_retries", 503, { fallback_strategy: "http_5xx", max_retries: 0 }],
    ["a slow failure", 503, { fallback_strategy: "http_5xx", retry_on_failure_within_ms: 6 }],
    [
      "failures where only health counts",
      503,
      { fallback_strategy: "instance_health_and_rate_limiting" },
    ],
  ])("not for %s", async (_, failure, policy) => {
    const world = anOpenWorld(aFleet({ bad: failure }));
    await world.serve({ "ai-proxy-multi": { instances: TWO, ...policy } });
    const answer = await world.get("/r", prompt(HELLO));
    expect(answer.status).toBe(failure);
    expect(await answer.json()).toEqual({ name: "bad" });
  });

  it("until there is none left, which is 502", async () => {
    const world = anOpenWorld(aFleet({ bad: 503, good: 500 }));
    await world.serve({ "ai-proxy-multi": { instances: TWO, fallback_strategy: "http_5xx" } });
    const answer = await world.get("/r", prompt(HELLO));
    expect(answer.status).toBe(502);
    expect(answer.headers.get("x-apisix-upstream-status")).toBe("503, 500");
    expect(await answer.text()).toContain("<h1>502 Bad Gateway</h1>");
  });

  it("never where there is only one, whose own answer it is", async () => {
    const world = anOpenWorld(aFleet({ bad: 503 }));
    const configuration = { instances: [instance("bad")], fallback_strategy: "http_5xx" };
    await world.serve({ "ai-proxy-multi": configuration });
    expect((await world.get("/r", prompt(HELLO))).status).toBe(503);
    expect(world.provider.asked).toHaveLength(1);
  });

  it("also for a stream, as long as nothing of it has come", async () => {
    const provider = aProvider((asked) => {
      if (nameOf(asked) === "good") return aStream(chatEvents("Hi"));
      const body = new ReadableStream({
        start: (controller) => controller.error(new Error("reset")),
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    });
    const world = anOpenWorld(provider);
    await world.serve({ "ai-proxy-multi": { instances: TWO, fallback_strategy: "http_5xx" } });
    const answer = await world.get("/r", prompt({ ...HELLO, stream: true }));
    expect(await answer.text()).toBe(chatEvents("Hi").join(""));
  });
});

describe("an instance of ai-proxy-multi with checks", () => {
  const checks = { active: { unhealthy: { http_failures: 2, tcp_failures: 1 } } };

  it.each([
    ["http_failures", 503, 2],
    ["tcp_failures", 0, 1],
  ])("is left out after %s, and tried again after a while", async (_, failure, needed) => {
    const failing: Record<string, number> = { bad: failure };
    const world = anOpenWorld(aFleet(failing));
    const instances = [instance("bad", { priority: 9, checks }), instance("good")];
    await world.serve({ "ai-proxy-multi": { instances } });
    expect(await askedOf(world, needed)).toEqual(Array.from({ length: needed }, () => "bad"));
    expect(await askedOf(world, 2)).toEqual(["good", "good"]);
    delete failing.bad;
    world.clock.now += 10_000;
    expect(await askedOf(world, 2)).toEqual(["bad", "bad"]);
  });

  it("is asked all the same where all are out", async () => {
    const world = anOpenWorld(aFleet({ bad: 0 }));
    await world.serve({ "ai-proxy-multi": { instances: [instance("bad", { checks })] } });
    expect(await askedOf(world, 3)).toEqual(["bad", "bad", "bad"]);
  });
});
