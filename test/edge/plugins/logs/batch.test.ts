import { describe, expect, it } from "vitest";
import { aLogWorld, type Sent } from "../../../support/log-world.ts";

const uri = "http://logs.test/";
const log_format = { u: "$uri" };

function uris({ body }: Sent): string[] {
  const entries: { u: string } | { u: string }[] = JSON.parse(body);
  return (Array.isArray(entries) ? entries : [entries]).map(({ u }) => u.slice(3));
}

const batches = (sent: readonly Sent[]) =>
  sent.map((one) => `${one.at / 1000}: ${uris(one).join(" ")}`);

async function aWorldWith(configuration: object, answer?: (sent: Sent) => Response) {
  const world = aLogWorld(answer);
  await world.serve({ "http-logger": { uri, log_format, ...configuration } });
  return world;
}

describe("a batch", () => {
  it("is sent when it is full, by the request that fills it", async () => {
    const { ask, sent, settled, pass } = await aWorldWith({ batch_max_size: 2 });
    for (const path of ["/r/1", "/r/2", "/r/3"]) await ask(path);
    expect(batches(sent)).toEqual(["0: 1 2"]);
    await pass(5);
    expect(batches(sent)).toEqual(["0: 1 2", "5: 3"]);
    await settled();
  });

  it("is sent once nothing has come for a while", async () => {
    const { ask, pass, sent } = await aWorldWith({ inactive_timeout: 3 });
    await ask("/r/1");
    await pass(2);
    await ask("/r/2");
    await pass(2.9);
    expect(sent).toEqual([]);
    await pass(0.1);
    expect(batches(sent)).toEqual(["5: 1 2"]);
  });

  it("is sent after a while though more comes all the time", async () => {
    const { ask, pass, sent } = await aWorldWith({ inactive_timeout: 2, buffer_duration: 4 });
    for (let i = 1; i <= 6; i++) {
      await ask(`/r/${i}`);
      await pass(1);
    }
    expect(batches(sent)).toEqual(["4: 1 2 3 4"]);
    await pass(2);
    expect(batches(sent)).toEqual(["4: 1 2 3 4", "7: 5 6"]);
  });

  it("waits no longer than the platform lets a request wait", async () => {
    const slow = { inactive_timeout: 600, buffer_duration: 600 };
    const { ask, pass, sent, settled } = await aWorldWith(slow);
    await ask("/r/1");
    await pass(20);
    expect(batches(sent)).toEqual(["20: 1"]);
    await settled();
  });

  it("is kept by another request where the one that kept it was ended by the platform", async () => {
    let isEnded = true;
    const { ask, pass, sent, serve, time } = aLogWorld(undefined, {
      // A timer of a request that was ended never fires.
      deps: {
        timers: { after: (ms, act) => (isEnded ? () => undefined : time.after(ms, act)) },
      },
    });
    await serve({ "http-logger": { uri, log_format } });
    await ask("/r/1");
    await pass(20.5);
    await ask("/r/2");
    isEnded = false;
    await pass(1);
    expect(sent).toEqual([]);
    await ask("/r/3");
    await pass(5);
    expect(batches(sent)).toEqual(["21.5: 1 2 3"]);
  });

  it("is sent before it is longer than an intake takes", async () => {
    const { ask, sent } = await aWorldWith({ log_format: { u: "$uri", b: "$request_body" } });
    const body = "x".repeat(524_288);
    for (let i = 1; i <= 8; i++) await ask(`/r/${i}`, { method: "POST", body });
    expect(sent.map(uris)).toEqual([["1", "2", "3", "4", "5", "6", "7", "8"]]);
  });
});

describe("a batch that does not arrive", () => {
  it("is lost and told where it may not be sent again", async () => {
    const answer = () => new Response("no such index", { status: 500 });
    const { ask, log, pass, sent } = await aWorldWith({ batch_max_size: 1 }, answer);
    const { response } = await ask("/r/1");
    await pass(60);
    expect(response.status).toBe(200);
    expect(batches(sent)).toEqual(["0: 1"]);
    expect(log).toEqual(["http logger: 1 entries are lost: logs.test answered 500: no such index"]);
  });

  it("is sent again after a while, as often as the configuration says", async () => {
    const answers = [500, 404, 200];
    const answer = () => new Response(null, { status: answers.shift() ?? 200 });
    const configuration = { batch_max_size: 1, max_retry_count: 2, retry_delay: 3 };
    const { ask, log, pass, sent } = await aWorldWith(configuration, answer);
    await ask("/r/1");
    await pass(60);
    expect(batches(sent)).toEqual(["0: 1", "3: 1", "6: 1"]);
    expect(log).toEqual([]);
  });

  it("is not sent again when the platform would not let it arrive", async () => {
    const answer = () => new Response(null, { status: 500 });
    const configuration = { max_retry_count: 9, retry_delay: 15, inactive_timeout: 5 };
    const { ask, log, pass, sent } = await aWorldWith(configuration, answer);
    await ask("/r/1");
    await pass(120);
    expect(batches(sent)).toEqual(["5: 1", "20: 1"]);
    expect(log).toHaveLength(1);
  });

  it("does not keep a service that never answers waiting for ever", async () => {
    const never = () => new Promise<Response>(() => undefined);
    const { ask, log, pass, serve, settled } = aLogWorld(never);
    await serve({ "http-logger": { uri, batch_max_size: 1, timeout: 2 } });
    await ask("/r/1");
    await pass(2);
    expect(log).toEqual(["http logger: 1 entries are lost: logs.test: no answer in 2000 ms"]);
    await settled();
  });
});

it("does not count for ever what a request was sending when the platform ended it", async () => {
  let isEnded = false;
  const never = () => (isEnded ? new Promise<Response>(() => undefined) : new Response(null));
  const { ask, log, pass, sent, serve, time } = aLogWorld(never, {
    deps: {
      timers: { after: (ms, act) => (isEnded ? () => undefined : time.after(ms, act)) },
    },
  });
  const plugin_metadata = { "http-logger": { max_pending_entries: 1 } };
  await serve({ "http-logger": { uri, log_format, batch_max_size: 1 } }, { plugin_metadata });
  isEnded = true;
  await ask("/r/1");
  await ask("/r/2");
  await ask("/r/3");
  isEnded = false;
  await pass(32);
  await ask("/r/4");
  expect(sent.flatMap(uris)).toEqual(["1", "2", "4"]);
  const ended = "the platform ended the request that was sending them";
  expect(log).toEqual([
    "http logger: 2 entries are pending; new ones are dropped",
    `http logger: 1 entries are lost: ${ended}`,
    `http logger: 1 entries are lost: ${ended}`,
  ]);
});

it("drops entries beyond those that may be pending, and says so once", async () => {
  const held: ((answer: Response) => void)[] = [];
  const answer = () => new Promise<Response>((resolve) => held.push(resolve));
  const { ask, log, sent, serve } = aLogWorld(answer);
  const metadata = { "http-logger": { max_pending_entries: 2 } };
  await serve(
    { "http-logger": { uri, log_format, batch_max_size: 1, timeout: 900 } },
    { plugin_metadata: metadata },
  );
  for (let i = 1; i <= 5; i++) await ask(`/r/${i}`);
  expect(sent.flatMap(uris)).toEqual(["1", "2", "3"]);
  expect(log).toEqual(["http logger: 3 entries are pending; new ones are dropped"]);
  for (const resolve of held.splice(0)) resolve(new Response(null));
  await ask("/r/6");
  await ask("/r/7");
  expect(sent.flatMap(uris)).toContain("7");
});
