import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canonical, differences, groupCounts, recordedForm } from "../support/recorded-answers.ts";
import {
  isPlain,
  type RecordedAnswer,
  type RecordedCase,
  type RecordedRequest,
  readRecordedCases,
  unsupportedPlugins,
} from "../support/recorded-cases.ts";
import { openRecordedWorld, type RecordedWorld } from "../support/recorded-world.ts";

const FOLDER = join(import.meta.dirname, "plugins");
const CATEGORIES = readdirSync(FOLDER).map((file) => ({
  name: file.replace(/\.jsonl$/, ""),
  cases: readRecordedCases(join(FOLDER, file)),
}));

const SHARED_CHANGES =
  "where a global rule answers, APISIX's response-rewrite takes one route's header changes for another's";

/** `id of the case#number of the request`, or `#name of its group`: why Snapgate answers otherwise. */
const DIFFERENCES: ReadonlyMap<string, string> = new Map([
  ...["#5", "#8", "#17", "#19", "#20", "#21", "#25"].map(
    (request) =>
      [
        `open-plugin-authz-casbin-000${request}`,
        "lua-casbin holds every route of a process to the policy that was loaded last",
      ] as const,
  ),
  ...["#1", "#8"].map(
    (request) =>
      [
        `open-plugin-basic-auth-003${request}`,
        "workerd hands over no Authorization header that is empty",
      ] as const,
  ),
  [
    "open-plugin-traffic-split-004#14",
    "pass_host node: APISIX leaves the port out of the Host that it sends to an inline upstream",
  ],
  ["open-plugin-response-rewrite-001#3", "APISIX sends a body after the head of a 304"],
  ["open-global-rule-003#14", SHARED_CHANGES],
  ...[3, 12].map((at) => [`open-global-rule-009#${at}`, SHARED_CHANGES] as const),
  ...[3, 9, 18].map((at) => [`open-merge-002#${at}`, SHARED_CHANGES] as const),
  ...[7, 9, 11, 16].map((at) => [`open-merge-041#${at}`, SHARED_CHANGES] as const),
]);

/**
 * Requests in which a header has two lines, of which APISIX passed the first one on to another service. A
 * Worker gets both as one line and cannot tell where the first one ended: they are not judged.
 */
const JOINED_LINES: ReadonlySet<string> = new Set([
  "open-plugin-forward-auth-001#3",
  "open-plugin-forward-auth-001#4",
  "open-plugin-forward-auth-001#8",
  "open-plugin-forward-auth-001#18",
  "open-plugin-forward-auth-002#2",
]);

/** The most that may be listed of a category. */
const DIFFERENT_SHARE = 0.02;

/** Small ones, of which more is listed: all of it has the one reason that is given there. */
const DIFFERENT_SHARES: ReadonlyMap<string, number> = new Map([
  ["authz-casbin", 0.18],
  ["basic-auth", 0.025],
]);
const CATEGORY_WITHIN_MS = 180_000;

describe("with the edge in workerd", () => {
  let world: RecordedWorld;
  beforeAll(async () => {
    world = await openRecordedWorld();
  });
  afterAll(() => world.stop());

  for (const { name, cases } of CATEGORIES) {
    const missing = unsupportedPlugins(cases);
    // A category is held to once the edge runs every plugin that its cases configure.
    if (missing.length > 0) it.skip(`${name}: needs ${missing.join(", ")}`);
    else {
      it(`${name}: answers as APISIX did`, { timeout: CATEGORY_WITHIN_MS }, async () => {
        const found = new Map<string, string>();
        let judged = 0;
        for (const recorded of cases) {
          const verdict = await replayed(world, recorded);
          judged += verdict.judged;
          for (const [key, what] of verdict.differing) found.set(key, what);
        }
        const listed = listedOf(cases);
        const unlisted = [...found].filter(([key]) => !listed.includes(key));
        const agreeing = listed.filter((key) => !found.has(key));
        expect(unlisted.map(([key, what]) => `${key}: ${what}`)).toEqual([]);
        expect(agreeing, "listed as different, and the same").toEqual([]);
        expect(judged).toBeGreaterThan(0);
        const most = DIFFERENT_SHARES.get(name) ?? DIFFERENT_SHARE;
        expect(listed.length / judged).toBeLessThanOrEqual(most);
      });
    }
  }
});

it("lists no difference of what is not recorded", () => {
  const listed = CATEGORIES.flatMap(({ cases }) => listedOf(cases));
  expect([...DIFFERENCES.keys()].sort()).toEqual(listed.sort());
});

function listedOf(cases: readonly RecordedCase[]): string[] {
  const keys = cases.flatMap(({ id, requests, groups = {} }) => [
    ...requests.map((_request, i) => `${id}#${i}`),
    ...Object.keys(groups).map((group) => `${id}#${group}`),
  ]);
  return keys.filter((key) => DIFFERENCES.has(key));
}

/** Sends all requests of a case, of which the plain ones are judged: what counts requests counts all. */
async function replayed(world: RecordedWorld, recorded: RecordedCase) {
  const { id, requests, x, groups = {}, volatile } = recorded;
  const differing = new Map<string, string>();
  const rejections = await world.publish(recorded);
  if (rejections.length > 0) differing.set(id, `rejected: ${rejections.join("; ")}`);
  const answers: RecordedAnswer[] = [];
  for (const request of requests) {
    const answer = await world.send(request);
    answers.push(recordedForm(request, answer, { port: world.port, volatile }));
  }
  let judged = 0;
  for (const [i, request] of requests.entries()) {
    const [wanted, answer] = [x[i], answers[i]];
    if (!wanted || !answer || !isPlain(request) || (request.g && !request.ports)) continue;
    if (JOINED_LINES.has(`${id}#${i}`)) continue;
    judged++;
    const found = differences(request, wanted, answer);
    if (found.length > 0) {
      differing.set(`${id}#${i}`, `${request.m} ${request.t}: ${found.join("; ")}`);
    }
  }
  for (const [group, wanted] of Object.entries(groups)) {
    judged += requests.filter(({ g }) => g === group).length;
    const counts = canonical(groupCounts(requests, answers, group));
    if (counts !== canonical(wanted)) {
      differing.set(`${id}#${group}`, `${counts}, not ${canonical(wanted)}`);
    }
  }
  return { judged, differing };
}

describe("the comparison", () => {
  const request: RecordedRequest = {
    m: "POST",
    t: "/a?x=1&y=2",
    host: "a.test",
    h: [["X-A", "1"]],
    b: '{"k":1}',
  };
  const echo = (change: object = {}) => ({
    port: 30001,
    method: "POST",
    uri: "/a?x=1&y=2",
    headers: [
      ["Host", "a.test"],
      ["x-a", "1"],
      ["X-Real-IP", "127.0.0.1"],
      ["X-Forwarded-For", "127.0.0.1"],
      ["X-Forwarded-Proto", "http"],
      ["X-Forwarded-Host", "a.test"],
      ["X-Forwarded-Port", "9080"],
      ["CF-Connecting-IP", "127.0.0.1"],
    ],
    body: '{"k":1}',
    ...change,
  });
  const answered = (head: string, body: string) => {
    const raw = { head: `HTTP/1.1 ${head}`, body: Buffer.from(body), isClosed: true };
    return recordedForm(request, raw, { port: 9080, volatile: ["x-rid"] });
  };
  const FROM_UPSTREAM = "200 OK\r\ncontent-type: application/json\r\nx-echo-port: 30001";
  const passedOn: RecordedAnswer = { s: 200, p: 30001, echo: 1 };

  it("finds nothing where a request was passed on as it came", () => {
    const answer = answered(`${FROM_UPSTREAM}\r\nServer: APISIX`, JSON.stringify(echo()));
    expect(answer).toEqual(passedOn);
    expect(differences(request, passedOn, answer)).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["another method", { method: "PUT" }, '"method":"PUT"'],
    ["another target", { uri: "/b" }, '"uri":"/b"'],
    ["an argument less", { uri: "/a?x=1" }, '"uri":"/a?x=1"'],
    ["a header less", { headers: echo().headers.slice(1) }, '"host":""'],
    ["a header more", { headers: [...echo().headers, ["X-B", "1"]] }, '"x-b":"1"'],
    ["another body", { body: '{"k":2}' }, '"body":{"json":{"k":2}}'],
  ])("finds that the upstream saw %s", (_, change, what) => {
    const found = differences(
      request,
      passedOn,
      answered(FROM_UPSTREAM, JSON.stringify(echo(change))),
    );
    expect(found).toEqual([expect.stringContaining(what)]);
  });

  it.each<[string, string, RecordedAnswer, string]>([
    ["status", "403 Forbidden", { s: 401 }, "status 403, not 401: nothing"],
    ["port", FROM_UPSTREAM, { s: 200 }, "port 30001, not undefined"],
    ["headers", "401 No\r\nX-B: 1", { s: 401, h: { "x-b": "2" } }, 'headers {"x-b":"1"}, not'],
    ["missing headers", "401 No", { s: 401, h: { "x-b": "2" } }, "headers {}, not"],
    ["body", "401 No", { s: 401, b: { message: "no" } }, 'body "", not {"message":"no"}'],
  ])("finds another %s", (_, head, wanted, what) => {
    expect(differences(request, wanted, answered(head, ""))).toEqual([
      expect.stringContaining(what),
    ]);
  });

  it("overlooks what is another one each time, and the order of a query's names", () => {
    const id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    const head = `${FROM_UPSTREAM}\r\nX-Rid: abc\r\nX-Id: ${id}\r\nRetry-After: 7`;
    const h = { "x-rid": "{volatile}", "x-id": "{uuid}", "retry-after": "{number}" };
    const answer = answered(head, JSON.stringify(echo({ uri: "/a?y=2&x=1" })));
    expect(differences(request, { ...passedOn, h }, answer)).toEqual([]);
  });

  it("takes the lines of one header as one line, in which none may be missing", () => {
    const wanted: RecordedAnswer = { s: 401, h: { vary: ["a", "b"] } };
    expect(differences(request, wanted, answered("401 No\r\nVary: b, a", ""))).toEqual([]);
    expect(differences(request, wanted, answered("401 No\r\nVary: b", ""))).toHaveLength(1);
  });

  it("finds the upstream's answer within another text", () => {
    const answer = answered("200 OK\r\nx-echo-port: 30001", `<${JSON.stringify(echo())}>`);
    expect(answer).toEqual({ s: 200, p: 30001, b: "<{echo 30001}>" });
  });
});
