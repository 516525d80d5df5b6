import { describe, expect, it } from "vitest";
import { readAhead } from "../../../edge/request/read-ahead.ts";

const LIMIT = 10;
const encode = (text: string) => new TextEncoder().encode(text);

/** A request whose body comes in these parts; an error among them breaks it off there. */
function aRequest(parts: readonly (string | Error)[], headers: HeadersInit = {}) {
  const left = parts.values();
  let cancelled: unknown;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const { done, value } = left.next();
        if (done) controller.close();
        else if (value instanceof Error) controller.error(value);
        else controller.enqueue(encode(value));
      },
      cancel(reason) {
        cancelled = reason;
      },
    },
    { highWaterMark: 0 },
  );
  const request = new Request("http://x.test/", { method: "POST", headers, body });
  return { request, cancelled: () => cancelled, partsLeft: () => [...left].length };
}

const text = (bytes: Uint8Array | ReadableStream<Uint8Array>) => new Response(bytes).text();

describe("a body read ahead", () => {
  it.each([
    ["short", ["hello"]],
    ["in parts", ["he", "l", "lo"]],
    ["as long as may be", ["01234", "56789"]],
    ["empty", []],
  ])("that is %s is there whole, for variables and for the upstream", async (_, parts) => {
    const { body, rest } = await readAhead(aRequest(parts).request, LIMIT);
    expect(body).toEqual(encode(parts.join("")));
    expect(rest).toBe(body);
  });

  it("is empty where there is none", async () => {
    const { body, rest } = await readAhead(new Request("http://x.test/"), LIMIT);
    expect([body, rest]).toEqual([new Uint8Array(), new Uint8Array()]);
  });

  it.each([
    ["by one byte", ["01234", "56789", "x"]],
    ["in its first part", ["0123456789x", "yz"]],
    ["by very much", ["0123456789", "x".repeat(100_000), "y", "z"]],
  ])("that is too long %s goes on to the upstream whole", async (_, parts) => {
    const { body, rest } = await readAhead(aRequest(parts).request, LIMIT);
    expect(body).toBe("too long");
    expect(await text(rest)).toBe(parts.join(""));
  });

  it("is read no further than to where it is too long", async () => {
    const { request, partsLeft } = aRequest(["0123456789", "x", "y", "z"]);
    await readAhead(request, LIMIT);
    expect(partsLeft()).toBe(2);
  });

  it("that says itself that it is too long is not read at all", async () => {
    const { request, partsLeft } = aRequest(["01234", "567890"], { "content-length": "11" });
    const { body, rest } = await readAhead(request, LIMIT);
    expect(body).toBe("too long");
    expect(await text(rest)).toBe("01234567890");
    expect(partsLeft()).toBe(0);
  });

  it("that says that it is as long as may be is read", async () => {
    const { request } = aRequest(["0123456789"], { "content-length": "10" });
    expect((await readAhead(request, LIMIT)).body).toEqual(encode("0123456789"));
  });

  it("of a client that goes away is an error", async () => {
    const { request } = aRequest(["hello", new Error("the client is gone")]);
    await expect(readAhead(request, LIMIT)).rejects.toThrow("the client is gone");
  });

  it("of a client that goes away later breaks off what goes on", async () => {
    const { request } = aRequest(["0123456789x", new Error("the client is gone")]);
    const { rest } = await readAhead(request, LIMIT);
    await expect(text(rest)).rejects.toThrow("the client is gone");
  });

  it("that goes on is given up with what goes on", async () => {
    const { request, cancelled } = aRequest(["0123456789x", "y"]);
    const { rest } = await readAhead(request, LIMIT);
    await (rest as ReadableStream).cancel("no node takes it");
    expect(cancelled()).toBe("no node takes it");
  });
});
