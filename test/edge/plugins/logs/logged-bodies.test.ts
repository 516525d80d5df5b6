import { describe, expect, it } from "vitest";
import { aLogWorld } from "../../../support/log-world.ts";

const single = { uri: "http://logs.test/", batch_max_size: 1 };

async function logged(configuration: object, body: string, headers: Record<string, string> = {}) {
  const upstream = () => new Response("answer of the upstream");
  const { ask, seen, sent, serve } = aLogWorld(undefined, { upstream });
  await serve({ "http-logger": { ...single, ...configuration } });
  const { text } = await ask("/r?yes=1&flag", { method: "POST", body, headers });
  return { entry: JSON.parse(sent[0]?.body ?? "null"), seen: seen[0]?.body, text };
}

const LONG = "0123456789".repeat(20_000);

describe("an entry of the log", () => {
  it("has no body that is not asked for", async () => {
    const { entry } = await logged({}, "question");
    expect(entry.request).not.toHaveProperty("body");
    expect(entry.response).not.toHaveProperty("body");
  });

  it("has both bodies, and the others get them whole", async () => {
    const { entry, seen, text } = await logged(
      { include_req_body: true, include_resp_body: true },
      "question",
    );
    expect(entry.request.body).toBe("question");
    expect(entry.response.body).toBe("answer of the upstream");
    expect([seen, text]).toEqual(["question", "answer of the upstream"]);
  });

  it.each([
    ["announced", { "content-length": String(LONG.length) }],
    ["not announced", {}],
  ])("has the beginning of one that is too long, %s", async (_, headers) => {
    const { entry, seen } = await logged(
      {
        include_req_body: true,
        max_req_body_bytes: 15,
        include_resp_body: true,
        max_resp_body_bytes: 6,
      },
      LONG,
      headers,
    );
    expect(entry.request.body).toBe(LONG.slice(0, 15));
    expect(entry.response.body).toBe("answer");
    expect(seen).toBe(LONG);
  });

  it("does not cut a character in two", async () => {
    const { entry } = await logged({ include_req_body: true, max_req_body_bytes: 4 }, "aéé");
    expect(entry.request.body).toBe("aé");
  });

  it.each([
    ["holds", [["arg_yes", "==", "1"]], true],
    ["does not hold", [["arg_yes", "==", "2"]], false],
    ["asks for the answer's status", [["status", "==", "200"]], true],
    ["cannot be evaluated", [["arg_flag", "ipmatch", ["10.0.0.0/8"]]], false],
  ])("has bodies where the condition %s", async (_, expression, isThere) => {
    const { entry } = await logged(
      {
        include_req_body: true,
        include_req_body_expr: expression,
        include_resp_body: true,
        include_resp_body_expr: expression,
      },
      "question",
    );
    expect(entry.request.body).toBe(isThere ? "question" : undefined);
    expect(entry.response.body).toBe(isThere ? "answer of the upstream" : undefined);
  });

  it("has them where a format asks for them", async () => {
    const log_format = { q: "$request_body", a: "$resp_body" };
    expect((await logged({ log_format }, "question")).entry).toEqual({
      q: "question",
      route_id: "r",
    });
    const { entry } = await logged({ log_format, include_resp_body: true }, "question");
    expect(entry.a).toBe("answer of the upstream");
  });

  it("leaves out a variable that would lie in a body that nobody read", async () => {
    const { entry } = await logged({ log_format: { f: "$post_arg_a" } }, "a=1", {
      "content-type": "application/x-www-form-urlencoded",
    });
    expect(entry).toEqual({ route_id: "r" });
  });

  it("is not made where its condition cannot be read: the route says so", async () => {
    const { get, serve } = aLogWorld();
    const unreadable = { include_resp_body: true, include_resp_body_expr: [["uri", "no such", 1]] };
    await serve({ "http-logger": { ...single, ...unreadable } });
    const answer = await get("/r");
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain("http-logger: the condition of a body cannot be read");
  });

  describe("with data-mask", () => {
    const request = [
      { type: "body", body_format: "json", name: "$.pin", action: "replace", value: "***" },
      { type: "query", name: "key", action: "replace", value: "***" },
      { type: "header", name: "x-key", action: "remove" },
    ];
    const asked = async (body: string) => {
      const { ask, seen, sent, serve } = aLogWorld();
      const logger = { ...single, include_req_body: true };
      await serve({ "http-logger": logger, "data-mask": { request } });
      const headers = { "x-key": "secret", "content-type": "application/json" };
      await ask("/r?key=secret", { method: "POST", body, headers });
      expect(seen[0]?.body).toBe(body);
      return sent[0]?.body ?? "";
    };

    it("does not have what is masked", async () => {
      const entry = await asked('{"pin":"secret","name":"joe"}');
      expect(entry).not.toContain("secret");
      const { request: logged } = JSON.parse(entry);
      expect(JSON.parse(logged.body)).toEqual({ pin: "***", name: "joe" });
      expect(logged.uri).toBe("/r?key=***");
    });

    it("has no body of which only the beginning is known", async () => {
      const entry = await asked(`{"pin":"secret","more":"${LONG.repeat(4)}"}`);
      expect(entry).not.toContain("secret");
      expect(JSON.parse(entry).request).not.toHaveProperty("body");
    });
  });
});
