import { describe, expect, it } from "vitest";
import { labelsText, Metric } from "../../edge/plugins/prometheus/metric.ts";
import { EdgeMetrics, UnusableMetrics } from "../../exporter/edge-metrics.ts";
import { createEdgeMetricsApp } from "../../exporter/edge-metrics-app.ts";

const counter = (...samples: string[]) =>
  ["# HELP a Things", "# TYPE a counter", ...samples, ""].join("\n");

describe("the sum of what edges push", () => {
  it("adds up series by series", () => {
    const sum = new EdgeMetrics();
    sum.add(counter("a 1", 'a{x="1"} 2', 'a{x="2"} 0.5'));
    sum.add(counter('a{x="1"} 3', 'a{x="3"} 1'));
    expect(sum.render()).toBe(counter("a 1", 'a{x="1"} 5', 'a{x="2"} 0.5', 'a{x="3"} 1'));
  });

  it("is what the isolates counted together", () => {
    const options = { name: "h", help: "Times", type: "histogram", bounds: [1, 10] } as const;
    const isolates = [new Metric(options), new Metric(options)];
    const sum = new EdgeMetrics();
    const labels = labelsText({ x: 'a "b"\\\n,}' });
    for (const value of [0.5, 5, 50]) {
      for (const isolate of isolates) {
        isolate.observe(labels, value);
        const { text, arrived } = isolate.unpushed();
        sum.add(text);
        arrived();
      }
    }
    const alone = new Metric(options);
    for (const value of [0.5, 0.5, 5, 5, 50, 50]) alone.observe(labels, value);
    expect(sum.render()).toBe(alone.text());
  });

  it.each([
    ["a sample of another", counter("b 1")],
    ["a value that is no number", counter("a one")],
    ["a value below 0", counter("a -1")],
    ["no value", counter("a ")],
    ["labels without quotes", counter("a{x=1} 1")],
    ["labels that do not end", counter('a{x="1} 1')],
    ["a metric of another kind", "# TYPE a summary\na 1\n"],
    ["nonsense", "hello"],
  ])("takes nothing of a push with %s", (_, text) => {
    const sum = new EdgeMetrics();
    sum.add(counter("a 1"));
    expect(() => sum.add(`${counter("a 7")}${text}`)).toThrow(UnusableMetrics);
    expect(sum.render()).toBe(counter("a 1"));
  });

  it("does not grow without end", () => {
    const sum = new EdgeMetrics(2);
    sum.add(counter('a{x="1"} 1', 'a{x="2"} 1'));
    expect(() => sum.add(counter('a{x="3"} 1'))).toThrow("there would be more than 2 series");
    sum.add(counter('a{x="1"} 1'));
    expect(sum.render()).toContain('a{x="1"} 2');
  });
});

describe("/edge-metrics", () => {
  const push = (app: ReturnType<typeof createEdgeMetricsApp>, body: string, token = "T") =>
    app.request("/", { method: "POST", body, headers: { authorization: `Bearer ${token}` } });

  it("takes pushes of those who know the token, and shows everybody the sums", async () => {
    const app = createEdgeMetricsApp("T");
    expect((await push(app, counter("a 1"))).status).toBe(204);
    expect((await push(app, counter("a 1"), "other")).status).toBe(401);
    expect((await app.request("/", { method: "POST", body: counter("a 1") })).status).toBe(401);
    const answer = await app.request("/");
    expect(await answer.text()).toBe(counter("a 1"));
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  });

  it("says what is wrong with a push", async () => {
    const app = createEdgeMetricsApp("T");
    const bad = await push(app, "hello");
    expect([bad.status, await bad.text()]).toEqual([
      400,
      "line 1 is no sample of a metric that came before it\n",
    ]);
    expect((await push(app, "#".repeat(5_000_000))).status).toBe(413);
  });
});
