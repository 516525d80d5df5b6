import { describe, expect, it } from "vitest";
import { limitedBody } from "../../../edge/plugins/limited-body.ts";
import { anUpstream, nodesOf, scriptedUpstream, through, WAYS } from "../../support/proxy-world.ts";
import { headOf } from "../../support/upstream-scripts.ts";

const bodyOf = (size: number) => new Blob(["a".repeat(size)]).stream();

describe("a body with a limit", () => {
  it("passes whole up to it", async () => {
    expect(await new Response(limitedBody(bodyOf(1000), 1000)).text()).toHaveLength(1000);
  });

  it("fails beyond it", async () => {
    const reading = new Response(limitedBody(bodyOf(1001), 1000)).text();
    await expect(reading).rejects.toMatchObject({ fault: "downstream", status: 413 });
  });

  it.each(WAYS)("says so also to whom it is on the way by %s", async (way) => {
    const upstream = await scriptedUpstream([headOf()]);
    const nodes = nodesOf(way, upstream.port);
    const ahead = limitedBody(bodyOf(2000), 1000);
    const answer = through(anUpstream({ nodes }), { method: "POST" }, { ahead });
    await expect(answer).rejects.toMatchObject({ fault: "downstream", status: 413 });
  });
});
