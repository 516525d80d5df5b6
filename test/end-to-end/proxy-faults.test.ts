import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningWorker } from "../../examples/quick-start/workerd.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import { nodesHeader, startProxyWorker } from "../support/proxy-stand.ts";
import { sendRaw } from "../support/raw-http.ts";
import { listen, ScriptedUpstream } from "../support/scripted-upstream.ts";
import {
  answering,
  end,
  headOf,
  pause,
  reset,
  type Step,
  send,
} from "../support/upstream-scripts.ts";

/** Nodes that fail in every way there is: what the client gets, and how often each node was asked. */

let worker: RunningWorker;
const upstreams: ScriptedUpstream[] = [];

beforeAll(async () => {
  worker = await startProxyWorker(undefined);
});
afterAll(async () => {
  for (const upstream of upstreams) upstream.close();
  await worker.stop();
});

const OK = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
const HEAD_OF_TEN = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
const REFUSES = "refuses";
const RESETS: Step[] = [reset()];
const RESETS_AFTER_THE_REQUEST: Step[] = [headOf(), reset()];
const ENDS: Step[] = [headOf(), end()];
const STALLS: Step[] = [headOf()];
const CUTS_ITS_HEAD: Step[] = [headOf(), send("HTTP/1.1 200 OK\r\nX-A"), end()];
const STALLS_IN_ITS_HEAD: Step[] = [headOf(), send("HTTP/1.1 200 OK\r\nX-A: 1\r\n")];

type Script = Step[] | typeof REFUSES;

interface Wanted {
  readonly status: number;
  /** As it is on the wire; undefined: nginx's page. */
  readonly body?: string;
  /** The answer does not end as it should: the client can tell. */
  readonly cut?: true;
  readonly statuses?: string;
  readonly attempts: readonly number[];
}

interface Sent {
  readonly method?: string;
  readonly fields?: Partial<Upstream>;
  readonly showUpstreamStatus?: boolean;
}

const HOSTS = { fetch: "localhost", socket: "127.0.0.1" } as const;

async function nodeWith(script: Script): Promise<{ port: number; attempts: () => number }> {
  const upstream = new ScriptedUpstream([script === REFUSES ? [] : script]);
  const port = await listen(upstream.server);
  if (script === REFUSES) upstream.close();
  else upstreams.push(upstream);
  return { port, attempts: () => upstream.seen().length };
}

async function outcome(way: keyof typeof HOSTS, scripts: Script[], sent: Sent): Promise<Wanted> {
  const { method = "GET", fields = {}, showUpstreamStatus = false } = sent;
  const nodes = await Promise.all(scripts.map(nodeWith));
  const timeout = { connect: 0.25, send: 0.25, read: 0.25 };
  const ports = nodes.map(({ port }) => port);
  const target = nodesHeader(
    { host: HOSTS[way], ports, timeout, ...fields },
    { showUpstreamStatus },
  );
  const body = method === "GET" ? "" : "Content-Length: 4\r\n";
  const { head, ...answer } = await sendRaw(
    worker.url,
    `${method} / HTTP/1.1\r\nHost: client.test\r\n${target}${body}\r\n${body && "body"}`,
  );
  const text = answer.body.toString("latin1");
  const statuses = /\r\nx-apisix-upstream-status: ([^\r]*)/i.exec(head)?.[1];
  return {
    status: Number(head.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length)),
    ...(/<center>openresty</.test(text) ? {} : { body: text }),
    ...(answer.isClosed ? { cut: true } : {}),
    ...(statuses === undefined ? {} : { statuses }),
    attempts: nodes.map(({ attempts }) => attempts()),
  };
}

describe.each(["fetch", "socket"] as const)("a node, reached by %s,", (way) => {
  it.each<[string, Script, 502 | 504]>([
    ["refuses", REFUSES, 502],
    ["resets at once", RESETS, 502],
    ["resets after the request", RESETS_AFTER_THE_REQUEST, 502],
    ["ends without a byte", ENDS, 502],
    ["ends in its head", CUTS_ITS_HEAD, 502],
    ["stalls before its head", STALLS, 504],
    ["stalls in its head", STALLS_IN_ITS_HEAD, 504],
  ])("that %s is asked once, and a GET goes on to the next", async (_, script, status) => {
    const once = script === REFUSES ? 0 : 1;
    expect(await outcome(way, [script], {})).toEqual({
      status,
      statuses: `${status}`,
      attempts: [once],
    });
    expect(await outcome(way, [script, OK, OK], {})).toEqual({
      status: 200,
      body: "ok",
      attempts: [once, 1, 0],
    });
    expect(await outcome(way, [script, script, script], {})).toEqual({
      status,
      statuses: `${status}, ${status}, ${status}`,
      attempts: [once, once, once],
    });
    expect(await outcome(way, [script, script, OK], { fields: { retries: 1 } })).toEqual({
      status,
      statuses: `${status}, ${status}`,
      attempts: [once, once, 0],
    });
  });

  it.each<[string, Script, 502 | 504]>([
    ["resets after the request", RESETS_AFTER_THE_REQUEST, 502],
    ["ends without a byte", ENDS, 502],
    ["stalls before its head", STALLS, 504],
  ])("that %s ends a POST, which may have been served", async (_, script, status) => {
    expect(await outcome(way, [script, OK], { method: "POST" })).toEqual({
      status,
      statuses: `${status}`,
      attempts: [1, 0],
    });
  });

  const refused = way === "socket" ? "is passed over" : "ends a POST, for fetch does not tell why";
  it(`that refuses ${refused}`, async () => {
    expect(await outcome(way, [REFUSES, OK], { method: "POST" })).toEqual(
      way === "socket"
        ? { status: 200, body: "ok", attempts: [0, 1] }
        : { status: 502, statuses: "502", attempts: [0, 0] },
    );
  });

  it("that drips is waited for as long as each wait is shorter than the time-out", async () => {
    const script = [
      headOf(),
      ...[..."HTTP/1.1 200 OK\r\n"].flatMap((char) => [send(char), pause(20)]),
      send("Content-Length: 5\r\n\r\n"),
      ...[..."drips"].flatMap((char) => [pause(300), send(char)]),
      end(),
    ];
    const patient = { fields: { timeout: { connect: 1, send: 1, read: 1 } } };
    expect(await outcome(way, [script, OK], patient)).toEqual({
      status: 200,
      body: "drips",
      attempts: [1, 0],
    });
  });

  it.each<[string, Script, Omit<Wanted, "attempts">]>([
    [
      "sends more than its length",
      answering(`${HEAD_OF_TEN}0123456789HTTP/1.1 200 OK\r\n\r\n`),
      { status: 200, body: "0123456789" },
    ],
    [
      "sends less than its length",
      answering(`${HEAD_OF_TEN}01234`),
      { status: 200, body: "01234", cut: true },
    ],
    ["ends after its head", answering(HEAD_OF_TEN), { status: 200, body: "", cut: true }],
    [
      "ends after a head without a length",
      answering("HTTP/1.1 200 OK\r\n\r\n"),
      { status: 200, body: "0\r\n\r\n" },
    ],
    [
      "resets in its body",
      [headOf(), send(`${HEAD_OF_TEN}01234`), pause(100), reset()],
      { status: 200, body: "01234", cut: true },
    ],
    [
      "stalls in its body",
      [headOf(), send(`${HEAD_OF_TEN}01234`)],
      { status: 200, body: "01234", cut: true },
    ],
    [
      "ends between two chunks",
      answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"),
      { status: 200, body: "2\r\nok\r\n", cut: true },
    ],
    [
      "answers 503",
      answering("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"),
      { status: 503, body: "busy", statuses: "503" },
    ],
  ])("that %s has answered: no other is asked", async (_, script, wanted) => {
    expect(await outcome(way, [script, OK], {})).toEqual({ ...wanted, attempts: [1, 0] });
  });

  it("tells the status of every attempt where that is switched on", async () => {
    const shown = { showUpstreamStatus: true };
    expect(await outcome(way, [OK], shown)).toMatchObject({ status: 200, statuses: "200" });
    expect(await outcome(way, [REFUSES, STALLS, OK], shown)).toEqual({
      status: 200,
      body: "ok",
      statuses: "502, 504, 200",
      attempts: [0, 1, 1],
    });
  });
});
