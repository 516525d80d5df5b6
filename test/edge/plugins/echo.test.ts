import { expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

it("echo puts texts around the upstream's body, and its headers over the upstream's", async () => {
  const { get, serve } = aPluginWorld();
  await serve({ echo: { before_body: "<", after_body: ">", headers: { "X-Echo": 1 } } });
  const answer = await get("/r");
  expect(await answer.text()).toBe("<from u.test:80>");
  expect(answer.headers.get("x-echo")).toBe("1");
});

it("echo puts its body in the upstream's place", async () => {
  const { get, serve } = aPluginWorld();
  await serve({ echo: { before_body: "<", body: "hello" } });
  expect(await (await get("/r")).text()).toBe("<hello");
});

it("echo runs for the gateway's own answers too", async () => {
  const { get, publish } = aPluginWorld();
  await publish({ global_rules: { 1: { id: "1", plugins: { echo: { before_body: "own: " } } } } });
  const answer = await get("/nowhere");
  expect(answer.status).toBe(404);
  expect(await answer.text()).toBe('own: {"error_msg":"404 Route Not Found"}\n');
});
