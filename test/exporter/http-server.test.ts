import { beforeEach, describe, expect, it } from "vitest";
import { createStatusApp } from "../../exporter/http-server.ts";
import { liveRevision } from "../../exporter/live-revision.ts";
import { type ExporterState, initialState, type StatusSources } from "../../exporter/status.ts";
import { type VirtualClock, virtualClock } from "../support/virtual-clock.ts";

let clock: VirtualClock;
let state: ExporterState;

beforeEach(() => {
  clock = virtualClock();
  state = initialState();
});

const sources = (): StatusSources => ({
  state,
  health: {
    state: "live",
    clusterId: "1",
    revision: 9,
    keys: 0,
    lastProofAt: 0,
    lastError: undefined,
    reconnects: 0,
    resyncs: 0,
    stalls: 0,
    auditMismatches: 0,
  },
  rejections: [],
  notices: () => ({ total: 0, list: [] }),
  counts: {},
  discovery: { services: [], failures: 0 },
  now: clock.now(),
});

async function status(query: string) {
  const response = await createStatusApp(sources, clock).request(`/status?${query}`);
  return { status: response.status, body: await response.text() };
}

/** What is answered while time goes on. */
async function waited(query: string, ms: number, meanwhile: () => void) {
  let answer: Awaited<ReturnType<typeof status>> | undefined;
  const asking = status(query).then((given) => {
    answer = given;
  });
  await clock.advance(ms);
  expect(answer, "before anything happened").toBeUndefined();
  meanwhile();
  await clock.advance(60_000);
  await asking;
  return answer;
}

describe("/status?wait_for_revision", () => {
  it("answers at once where the revision is live, and when it becomes so", async () => {
    state.role = "leader";
    state.publishedRevision = 5;
    expect(await status("wait_for_revision=5")).toMatchObject({ status: 200 });
    const answer = await waited("wait_for_revision=6&timeout=10", 5000, () => {
      state.publishedRevision = 7;
    });
    expect(answer?.status).toBe(200);
    expect(JSON.parse(answer?.body ?? "")).toMatchObject({ liveRevision: 7 });
  });

  it("answers 504 with the state of things when the time is up", async () => {
    state.role = "leader";
    state.publishedRevision = 5;
    for (const [query, ms] of [
      ["wait_for_revision=6", 9900],
      ["wait_for_revision=6&timeout=2", 1900],
      ["wait_for_revision=6&timeout=500ms", 400],
      ["wait_for_revision=6&timeout=1.5s", 1400],
    ] as const) {
      expect(await waited(query, ms, () => {}), query).toMatchObject({ status: 504 });
    }
    expect(await status("wait_for_revision=6&timeout=0")).toMatchObject({ status: 504 });
  });

  it.each([
    "wait_for_revision=",
    "wait_for_revision=x",
    "wait_for_revision=-1",
    "wait_for_revision=1e3",
    "wait_for_revision=1&timeout=61",
    "wait_for_revision=1&timeout=-1",
    "wait_for_revision=1&timeout=soon",
  ])("refuses %s", async (query) => {
    expect(await status(query)).toMatchObject({ status: 400 });
  });

  it("goes by the live generation on a follower, and in a hold on the leader", () => {
    state.role = "follower";
    expect(liveRevision(sources())).toBeUndefined();
    state.liveSource = { clusterId: "1", revision: 8 };
    expect(liveRevision(sources())).toBe(8);
    state.liveSource = { clusterId: "another", revision: 100 };
    expect(liveRevision(sources())).toBeUndefined();

    state.role = "leader";
    state.publishedRevision = 9;
    state.liveSource = { clusterId: "1", revision: 3 };
    expect(liveRevision(sources())).toBe(9);
    state.hold = { reason: "rolled back", since: "2026-01-01T00:00:00Z" } as never;
    expect(liveRevision(sources())).toBe(3);
  });
});
