import { expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

it("example-plugin lets a request pass", async () => {
  const { get, serve } = aPluginWorld();
  await serve({ "example-plugin": { i: 1 } });
  expect(await (await get("/r")).text()).toBe("from u.test:80");
});

it("example-plugin sends it to another node", async () => {
  const { get, serve } = aPluginWorld();
  await serve({ "example-plugin": { i: 1, ip: "192.0.2.5", port: 1980 } });
  expect(await (await get("/r")).text()).toBe("from 192.0.2.5:1980");
});

it("example-plugin without its port is refused", async () => {
  const { get, serve } = aPluginWorld();
  await serve({ "example-plugin": { i: 1, ip: "192.0.2.5" } });
  const answer = await get("/r");
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain("ip needs a port");
});
