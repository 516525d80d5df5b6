import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { validate } from "../../exporter/validate.ts";

/**
 * validate.jsonl: values that were put to the Admin API of a real APISIX 3.18, with its status and what
 * it said. Left out is what only plugins' own schemas or the Admin API's look-ups decide.
 */
interface Recording {
  readonly key: string;
  readonly value?: unknown;
  /** The body as it was sent, where it was no JSON. */
  readonly raw?: string;
  readonly status: number;
  readonly answer?: string;
}

/** The Admin API is stricter than the data plane, whose part the exporter plays. */
const ADMIN_ONLY: readonly (readonly [RegExp, string])[] = [
  [/IPv6 address must be enclosed/, "the data plane puts the brackets itself"],
  [/^missing key$/, "the data plane checks the hash key of stand-alone upstreams only"],
  [/failed to match pattern "\^\(\(uri\|server_name/, "the same"],
  [/^property "id" is required$/, "an id that is left out is the key's"],
];

const recordings = readFileSync(join(import.meta.dirname, "validate.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line): Recording => JSON.parse(line));

const judge = ({ key, value, raw }: Recording) => {
  const text = raw ?? JSON.stringify(value);
  const entry = { key: `/apisix/${key}`, value: new TextEncoder().encode(text), modRevision: 1 };
  return validate(entry, "/apisix");
};

const accepted = recordings.filter(({ status }) => status < 300);
const refused = recordings.filter(({ status }) => status >= 300);

describe("what a real APISIX accepted", () => {
  it(`is valid: ${accepted.length} values`, () => {
    const wrong = accepted.map((recording) => ({ recording, verdict: judge(recording) }));
    expect(wrong.filter(({ verdict }) => verdict.is !== "resource")).toEqual([]);
    expect(accepted.length).toBeGreaterThan(200);
  });
});

describe("what a real APISIX refused", () => {
  it.each(refused)("$key: $answer", (recording) => {
    const verdict = judge(recording);
    const stricter = ADMIN_ONLY.find(([answer]) => answer.test(recording.answer ?? ""));
    const mayPass = stricter !== undefined && !isStandAloneUpstream(recording);
    expect(verdict.is, stricter?.[1]).toBe(mayPass ? "resource" : "rejected");
  });
});

/** For these the data plane checks the hash key too; brackets it still puts itself. */
function isStandAloneUpstream({ key, answer }: Recording): boolean {
  return key.startsWith("upstreams/") && !/IPv6/.test(answer ?? "");
}
