import { describe, expect, it } from "vitest";
import { fittingOverlay } from "../../../exporter/health/fitting-overlay.ts";
import { encodeOverlay, MAX_OVERLAY_BYTES } from "../../../shared/health/overlay.ts";
import { runSeed, seededRandom } from "../../support/random.ts";

const HEAD = {
  format: 1,
  namespace: "default",
  writtenAt: "2026-01-01T00:00:00.000Z",
  writtenBy: "a test",
  validSeconds: 30,
} as const;

describe("an overlay", () => {
  it("holds everything in the order of the keys where there is room", () => {
    const down = new Map([
      ["upstreams/2", ["b:80", "a:80"]],
      ["routes/1", ["c:80"]],
    ]);
    const { overlay, omitted } = fittingOverlay(HEAD, { down, leftToEdge: new Set(["z", "y"]) });
    expect(omitted).toBe(0);
    expect(overlay).toEqual({ ...HEAD, down: Object.fromEntries(down), leftToEdge: ["y", "z"] });
    expect(Object.keys(overlay.down)).toEqual(["routes/1", "upstreams/2"]);
  });

  it("has room for dead nodes first", () => {
    const addresses = Array.from({ length: 40_000 }, (_, i) => `10.0.0.1:${10_000 + i}`);
    const down = new Map([["upstreams/1", addresses]]);
    const leftToEdge = new Set(addresses.map((address) => `routes/${address}`));
    const { overlay, omitted } = fittingOverlay(HEAD, { down, leftToEdge });
    expect(overlay.down["upstreams/1"]).toHaveLength(40_000);
    expect(overlay.leftToEdge.length).toBeGreaterThan(0);
    expect(overlay.leftToEdge.length + omitted).toBe(40_000);
    expect(encodeOverlay(overlay).length).toBeGreaterThan(MAX_OVERLAY_BYTES - 1000);
  });

  it("can be written, whatever there is to say", () => {
    const random = seededRandom(runSeed());
    const text = () => random.pick(["a", "é", '"', "\\", "☃"]).repeat(random.below(300));
    for (let run = 0; run < 10; run++) {
      const down = new Map<string, string[]>();
      const leftToEdge = new Set<string>();
      for (let i = 0; i < 4_000; i++) {
        down.set(`${i}${text()}`, Array.from({ length: random.below(4) }, text));
        leftToEdge.add(`${i}${text()}`);
      }
      const { overlay, omitted } = fittingOverlay(HEAD, { down, leftToEdge });
      const bytes = encodeOverlay(overlay);
      expect(bytes.length, `seed ${random.seed}`).toBeLessThanOrEqual(MAX_OVERLAY_BYTES);
      const said = Object.keys(overlay.down).length + overlay.leftToEdge.length;
      expect(said + omitted).toBe(8_000);
    }
  });
});
