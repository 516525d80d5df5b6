import { expect, it } from "vitest";
import { ChainBuilder } from "../../../edge/plugins/chain-builder.ts";
import { stamp } from "../../../examples/own-plugin/stamp.ts";
import { pluginDeps } from "../../support/plugin-deps.ts";
import { aPluginWorld } from "../../support/plugin-world.ts";

it("a plugin that was compiled in runs among the others, with its defaults", async () => {
  const { get, seen, serve } = aPluginWorld({ own: [stamp] });
  await serve({ "acme-stamp": { closed: ["/internal"] }, echo: { before_body: "> " } });
  const open = await get("/r/open");
  expect(await open.text()).toBe("> from u.test:80");
  expect(open.headers.get("x-stamped")).toBe("yes");
  expect(seen[0]?.headers.get("x-stamp")).toBe("r at 1700000000000");
  const closed = await get("/r/internal");
  expect(closed.status).toBe(403);
  expect(await closed.text()).toBe('> {"message":"not for the public"}\n');
});

it("an edge without it ignores it", async () => {
  const { get, serve } = aPluginWorld();
  await serve({ "acme-stamp": {} });
  expect((await get("/r")).status).toBe(200);
});

it("may not be called as a plugin of APISIX", () => {
  const open = () => new ChainBuilder(pluginDeps(), () => undefined, [{ ...stamp, name: "gzip" }]);
  expect(open).toThrow("may not be called gzip");
});
