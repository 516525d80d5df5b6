import { describe, expect, it } from "vitest";
import { aPluginWorld } from "../../support/plugin-world.ts";

const NETWORKS = ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"];

async function answered(settings: object, from: string) {
  const { get, serve } = aPluginWorld();
  await serve({ "ip-restriction": settings });
  return get("/r", { from });
}

describe("ip-restriction", () => {
  it.each([
    ["10.1.2.3", 200, 403],
    ["192.0.2.1", 200, 403],
    ["2001:db8::9", 200, 403],
    ["192.0.2.2", 403, 200],
    ["::ffff:10.1.2.3", 403, 200],
    // Nobody's address: the header that tells it is missing or nonsense.
    ["0.0.0.0", 403, 200],
  ])(
    "of %s: %i with a list of the allowed, %i with one of the denied",
    async (from, allowed, denied) => {
      expect((await answered({ whitelist: NETWORKS }, from)).status).toBe(allowed);
      expect((await answered({ blacklist: NETWORKS }, from)).status).toBe(denied);
    },
  );

  it("answers with its message", async () => {
    const answer = await answered({ blacklist: ["0.0.0.0/0"] }, "1.1.1.1");
    expect(await answer.text()).toBe('{"message":"Your IP address is not allowed"}\n');
    const own = { blacklist: ["0.0.0.0/0"], message: "no entry", response_code: 404 };
    const other = await answered(own, "1.1.1.1");
    expect([other.status, await other.text()]).toEqual([404, '{"message":"no entry"}\n']);
  });
});
