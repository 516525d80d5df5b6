import { describe, expect, it } from "vitest";
import page from "../../../edge/upstream/http1/CONFORMANCE.md?raw";
import { BODIES } from "../../support/conformance-bodies.ts";
import { HEADS } from "../../support/conformance-heads.ts";
import type { Answer, ConformanceRow } from "../../support/conformance-rows.ts";
import {
  anUpstream,
  nodesOf,
  type ScriptedUpstream,
  scriptedUpstream,
  through,
} from "../../support/proxy-world.ts";
import { answering, end, headOf, send } from "../../support/upstream-scripts.ts";

const CONFORMANCE: readonly ConformanceRow[] = [...HEADS, ...BODIES].flatMap(([section, rows]) =>
  rows.map((row) => ({ section, ...row })),
);
const OTHER = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother";

/** The row's upstream is asked first, and another node would be next. */
async function asked({ bytes, thenEnds, method }: ConformanceRow) {
  const upstream = await scriptedUpstream([headOf(), send(bytes), ...(thenEnds ? [end()] : [])]);
  const other = await scriptedUpstream(answering(OTHER));
  const nodes = nodesOf("socket", upstream.port, other.port);
  return { upstream, other, answer: through(anUpstream({ nodes }), method ? { method } : {}) };
}

async function bodyOrCut(response: Response): Promise<string | undefined> {
  return response.text().catch(() => undefined);
}

async function expectAnswer(response: Response, wanted: Answer): Promise<void> {
  const { status = 200, reason, body, headers = {} } = wanted;
  expect(response.status).toBe(status);
  if (reason !== undefined) expect(response.statusText).toBe(reason);
  for (const [name, value] of Object.entries(headers)) {
    expect(response.headers.get(name), name).toBe(value);
  }
  expect(await bodyOrCut(response)).toBe(body);
}

async function isClosed(upstream: ScriptedUpstream): Promise<void> {
  await upstream.seenWhen(([first]) => first?.isEnded === true);
}

describe("HTTP/1.1 over a socket", () => {
  it.each(CONFORMANCE)("RFC 9112 $section: an upstream that sends $sends", async (row) => {
    const { upstream, other, answer } = await asked(row);
    const { becomes } = row;
    if (becomes === "refused") {
      await expect(answer).rejects.toMatchObject({
        fault: "upstream",
        status: 502,
        message: expect.stringContaining("no valid HTTP/1.1 response"),
      });
    } else if (becomes === "cut") {
      const response = await answer;
      expect([response.status, await bodyOrCut(response)]).toEqual([200, undefined]);
    } else if (becomes === "tried elsewhere") {
      expect(await (await answer).text()).toBe("other");
    } else {
      await expectAnswer(await answer, becomes);
    }
    expect(await other.seen()).toHaveLength(becomes === "tried elsewhere" ? 1 : 0);
    await isClosed(upstream);
  });

  it("is described row by row on its page", () => {
    const [received = ""] = page.split("## What is sent");
    const rows = [...received.matchAll(/^\| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/gm)].slice(1);
    expect(rows.map((row) => row.slice(1))).toEqual(
      CONFORMANCE.map(({ section, sends, becomes }) => [
        section,
        sends,
        expect.stringMatching(
          typeof becomes === "string" ? new RegExp(`^${becomes}`) : /^accepted/,
        ),
      ]),
    );
  });
});
