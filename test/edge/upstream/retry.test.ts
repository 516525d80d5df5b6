import { describe, expect, it } from "vitest";
import { type FailureKind, UpstreamFailure } from "../../../edge/upstream/failure.ts";
import { type Attempts, decideRetry } from "../../../edge/upstream/retry.ts";

const first: Attempts = {
  method: "GET",
  made: 1,
  allowed: 3,
  canSendBody: true,
  elapsedMs: 0,
  retryTimeoutMs: 0,
};

const decided = (kind: FailureKind, sent: boolean, attempts: Partial<Attempts> = {}) =>
  decideRetry(new UpstreamFailure(kind, sent, "a failure"), { ...first, ...attempts });

describe("another attempt", () => {
  it.each([
    ["refused", false],
    ["broken", true],
    ["timeout", true],
    ["timeout", false],
  ] as const)("follows a node that is %s (sent: %s)", (kind, sent) => {
    expect(decided(kind, sent)).toBe("retry");
  });

  it("does not follow an answer that is no HTTP", () => {
    expect(decided("malformed", true)).toBe("stop");
  });

  it.each(["POST", "LOCK", "PATCH"])("of %s is made only where nothing was sent", (method) => {
    expect(decided("broken", true, { method })).toBe("stop");
    expect(decided("timeout", true, { method })).toBe("stop");
    expect(decided("refused", false, { method })).toBe("retry");
    expect(decided("timeout", false, { method })).toBe("retry");
  });

  it.each(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])(
    "of %s may repeat what was sent",
    (method) => {
      expect(decided("broken", true, { method })).toBe("retry");
    },
  );

  it("ends with the number allowed", () => {
    expect(decided("refused", false, { made: 2 })).toBe("retry");
    expect(decided("refused", false, { made: 3 })).toBe("stop");
    expect(decided("refused", false, { made: 1, allowed: 1 })).toBe("stop");
  });

  it("needs the body that it would send", () => {
    expect(decided("refused", false, { canSendBody: false })).toBe("stop");
  });

  it("is too late after retry_timeout, where there is one", () => {
    expect(decided("refused", false, { elapsedMs: 1e9 })).toBe("retry");
    expect(decided("refused", false, { elapsedMs: 100, retryTimeoutMs: 100 })).toBe("retry");
    expect(decided("refused", false, { elapsedMs: 101, retryTimeoutMs: 100 })).toBe("too-late");
    const spent = { elapsedMs: 101, retryTimeoutMs: 100, made: 3 };
    expect(decided("refused", false, spent)).toBe("stop");
  });
});
