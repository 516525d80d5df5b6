import { describe, expect, it } from "vitest";
import {
  decodeOverlay,
  encodeOverlay,
  type HealthOverlay,
  MAX_OVERLAY_BYTES,
} from "../../../shared/health/overlay.ts";
import { SnapshotError } from "../../../shared/snapshot/errors.ts";

const OVERLAY: HealthOverlay = {
  format: 1,
  namespace: "default",
  writtenAt: "2026-01-01T00:00:00.000Z",
  writtenBy: "a test",
  validSeconds: 30,
  down: { "upstreams/1": ["10.0.0.1:80", "[::1]:8080"], "routes/7": ["a.com:443"] },
  leftToEdge: ["services/2"],
};

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

function faultOf(damaged: Uint8Array): string {
  try {
    decodeOverlay(damaged, "health/exporter.json");
  } catch (error) {
    if (error instanceof SnapshotError) return error.fault;
    throw error;
  }
  return "none";
}

describe("a health overlay", () => {
  it("is read back as it was written", () => {
    expect(decodeOverlay(encodeOverlay(OVERLAY), "health/exporter.json")).toEqual(OVERLAY);
  });

  it("keeps fields that this reader does not know", () => {
    const newer = { ...OVERLAY, slow: { "upstreams/1": ["10.0.0.2:80"] } };
    expect(decodeOverlay(bytes(newer), "x")).toEqual(newer);
  });

  it("of another format is unsupported", () => {
    expect(faultOf(bytes({ ...OVERLAY, format: 2 }))).toBe("unsupported");
    expect(faultOf(bytes({ ...OVERLAY, format: undefined }))).toBe("unsupported");
  });

  it.each([
    ["namespace", 1],
    ["writtenAt", "yesterday"],
    ["writtenAt", 0],
    ["writtenBy", null],
    ["validSeconds", "30"],
    ["down", ["upstreams/1"]],
    ["down", { "upstreams/1": "10.0.0.1:80" }],
    ["down", { "upstreams/1": [1] }],
    ["down", null],
    ["leftToEdge", {}],
    ["leftToEdge", [null]],
  ])("is corrupt where %s is %j", (field, value) => {
    expect(faultOf(bytes({ ...OVERLAY, [field]: value }))).toBe("corrupt");
    expect(faultOf(bytes({ ...OVERLAY, [field]: undefined }))).toBe("corrupt");
  });

  it("is corrupt at every length but its own", () => {
    const whole = encodeOverlay(OVERLAY);
    for (let end = 0; end < whole.length; end++) {
      expect(faultOf(whole.subarray(0, end)), `${end} bytes`).toBe("corrupt");
    }
  });

  it.each([["null"], ["[]"], ["7"], ['"text"'], ["\ufeff{}"]])("is corrupt as %s", (text) => {
    expect(faultOf(new TextEncoder().encode(text))).toBe("corrupt");
  });

  it("is corrupt where it is not UTF-8", () => {
    expect(faultOf(new Uint8Array([0x22, 0xff, 0x22]))).toBe("corrupt");
  });

  it("is neither written nor read where it is too long", () => {
    const long = { ...OVERLAY, writtenBy: "x".repeat(MAX_OVERLAY_BYTES) };
    expect(() => encodeOverlay(long)).toThrow(/too many/);
    expect(faultOf(bytes(long))).toBe("corrupt");
  });
});
