import { describe, expect, it } from "vitest";
import { EDGE_SETTINGS, readSettings } from "../../edge/settings.ts";

const r2 = { get: async () => null };
const s3 = {
  S3_ENDPOINT: "https://s3.test",
  S3_BUCKET: "b",
  S3_ACCESS_KEY_ID: "k",
  S3_SECRET_ACCESS_KEY: "s",
};

describe("the worker's settings", () => {
  it("have their documented defaults", () => {
    expect(readSettings({ SNAPSHOTS: r2 })).toMatchObject({
      namespace: "default",
      prefix: "default/",
      freshness: {
        refreshIntervalMs: 5000,
        staleAfterMs: 15_000,
        staleWaitMs: 500,
        firstLoadMs: 10_000,
      },
      memoryBudgetBytes: 48 * 1024 * 1024,
      statusPath: "/snapgate/status",
      statusToken: undefined,
      generationHeader: undefined,
      clientIpHeader: "CF-Connecting-IP",
      listenPort: undefined,
      uri: {
        deleteUriTailSlash: false,
        normalizeUriLikeServlet: false,
        matchUriEncodedSlash: false,
      },
      serverHeader: "APISIX",
      accessLog: false,
    });
  });

  it("put prefix and namespace before every object's name", () => {
    const settings = readSettings({ ...s3, SNAPGATE_PREFIX: "gw/", SNAPGATE_NAMESPACE: "shop" });
    expect(settings.prefix).toBe("gw/shop/");
    expect(settings.s3).toMatchObject({ prefix: "gw/shop/", bucket: "b", region: "auto" });
  });

  it("allow an interval of 0", () => {
    const settings = readSettings({ SNAPSHOTS: r2, REFRESH_INTERVAL_MS: "0" });
    expect(settings.freshness.refreshIntervalMs).toBe(0);
  });

  it("switch each thing about the matching uri on by its own name", () => {
    const uri = (name: string) => readSettings({ SNAPSHOTS: r2, [name]: "on" }).uri;
    expect(uri("DELETE_URI_TAIL_SLASH")).toMatchObject({ deleteUriTailSlash: true });
    expect(uri("NORMALIZE_URI_LIKE_SERVLET")).toMatchObject({ normalizeUriLikeServlet: true });
    expect(uri("MATCH_URI_ENCODED_SLASH")).toMatchObject({ matchUriEncodedSlash: true });
  });

  it("show the upstream's status only where that is asked for", () => {
    const shown = (more: object) => readSettings({ SNAPSHOTS: r2, ...more }).showUpstreamStatus;
    expect([shown({}), shown({ SHOW_UPSTREAM_STATUS: "on" })]).toEqual([false, true]);
  });

  it("report every problem at once", () => {
    const wrong = {
      SNAPSHOTS: "a name, not a binding",
      S3_ENDPOINT: "s3.test",
      REFRESH_INTERVAL_MS: "soon",
      MEMORY_BUDGET_MB: "500",
      STATUS_PATH: "status",
      DELETE_URI_TAIL_SLASH: "yes",
    };
    expect(() => readSettings(wrong)).toThrow(/problem\(s\)/);
    for (const name of [...Object.keys(wrong), "S3_BUCKET", "S3_SECRET_ACCESS_KEY"]) {
      expect(() => readSettings(wrong), name).toThrow(name);
    }
  });

  it("refuse a memory or a time limit of nothing", () => {
    const none = { MEMORY_BUDGET_MB: "0", READ_TIMEOUT_MS: "0" };
    expect(() => readSettings(none)).toThrow(
      'MEMORY_BUDGET_MB: found "0", want a whole number from 1',
    );
    expect(() => readSettings(none)).toThrow('READ_TIMEOUT_MS: found "0"');
  });

  it("need a source", () => {
    expect(() => readSettings({})).toThrow("bind R2 as SNAPSHOTS, or set S3_ENDPOINT");
  });

  it("are each described once", () => {
    const names = EDGE_SETTINGS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, about } of EDGE_SETTINGS) expect(about, name).toMatch(/\w/);
  });
});
