import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Verdict, validate } from "../../exporter/validate.ts";

/**
 * Every file of validate/ has cases, divided by empty lines: comments, a line with a key below the prefix
 * and its value as in etcd, then what becomes of it, a line each. `{{x*99}}` is 99 times x, `{{ff}}` a
 * byte. A new case is a new test. UPDATE_GOLDEN=1 writes what was found.
 */
const folder = join(import.meta.dirname, "validate");

interface Case {
  readonly comments: readonly string[];
  readonly input: string;
  readonly expected: readonly string[];
}

describe.each(readdirSync(folder))("%s", (file) => {
  const path = join(folder, file);
  const cases = readFileSync(path, "utf8").trim().split("\n\n").map(parseCase);
  if (process.env.UPDATE_GOLDEN) {
    const texts = cases.map(({ comments, input }) => [...comments, input, ...outcome(input)]);
    writeFileSync(path, `${texts.map((lines) => lines.join("\n")).join("\n\n")}\n`);
  }

  it.each(cases)("$input", ({ input, expected }) => {
    expect(outcome(input)).toEqual(expected);
  });
});

it("there are cases enough to call it a specification", () => {
  const inputs = readdirSync(folder).flatMap((file) =>
    readFileSync(join(folder, file), "utf8").trim().split("\n\n"),
  );
  expect(inputs.length).toBeGreaterThanOrEqual(120);
});

function parseCase(text: string): Case {
  const lines = text.split("\n");
  const comments = lines.filter((line) => line.startsWith("#"));
  const [input = "", ...expected] = lines.slice(comments.length);
  return { comments, input, expected };
}

function outcome(input: string): string[] {
  const space = input.indexOf(" ");
  const key = `/apisix/${input.slice(0, space)}`;
  const entry = { key, value: bytesOf(input.slice(space + 1)), modRevision: 1 };
  return told(validate(entry, "/apisix")).map(contract);
}

function told(verdict: Verdict): string[] {
  switch (verdict.is) {
    case "skipped":
      return [`=> skipped: ${verdict.why}`];
    case "rejected": {
      const { path, found, wanted, remedy } = verdict.rejection;
      return [
        `=> rejected at ${path || "the whole"}`,
        `   found ${found}`,
        `   wanted ${wanted}`,
        `   remedy ${remedy}`,
      ];
    }
    case "resource":
      return [
        `=> ${verdict.resource.kind} ${verdict.resource.id} ${JSON.stringify(verdict.resource.value)}`,
        ...verdict.notices.map(
          ({ path, effect, reason, remedy }) =>
            `=> ${effect}${path && ` ${path}`}: ${reason}; ${remedy}`,
        ),
      ];
  }
}

function bytesOf(text: string): Uint8Array {
  const parts = text.split(/\{\{([0-9a-f]{2})\}\}/).map((part, i) => {
    const whole = part.replaceAll(/\{\{(.+?)\*(\d+)\}\}/g, (_, unit, n) => unit.repeat(Number(n)));
    return i % 2 === 0 ? Buffer.from(whole) : Buffer.from(part, "hex");
  });
  return new Uint8Array(Buffer.concat(parts));
}

function contract(line: string): string {
  return line.replaceAll(/(.)\1{59,}/g, (run, unit) => `{{${unit}*${run.length}}}`);
}
