import { DnsError } from "./dns-exchange.ts";
import {
  type DnsRecord,
  type DnsReply,
  plainName,
  type Question,
  type RecordValue,
} from "./dns-message.ts";
import type { RecordType } from "./record-order.ts";

/** What a name came to. */
export type Resolved =
  | {
      readonly is: "found";
      readonly type: RecordType;
      readonly values: readonly RecordValue[];
      /** The least of all records on the way. */
      readonly ttlSeconds: number;
      /** A type that stands before this one in the order could not be asked for. */
      readonly isSecondBest: boolean;
    }
  | { readonly is: "nothing"; readonly ttlSeconds: number | undefined };

export type Ask = (question: Question) => Promise<DnsReply>;

/** More aliases in a row than anybody means; a circle has no end. */
const MAX_ALIASES = 8;

/**
 * Tries the types one after the other; aliases (CNAME) are followed. Throws a `DnsError` where a type could
 * not be asked for and no other has an answer: then nobody knows what there is.
 */
export async function resolveName(
  name: string,
  types: readonly RecordType[],
  ask: Ask,
  aliases = MAX_ALIASES,
): Promise<Resolved> {
  let failure: DnsError | undefined;
  let nothingFor: number | undefined;
  for (const type of types) {
    try {
      const answer = await recordsOf({ name: plainName(name), type }, ask, aliases);
      const [first] = answer.values;
      if (first?.type === "CNAME") {
        if (aliases === 0) throw tooManyAliases(name);
        const through = await resolveName(first.target, types, ask, aliases - 1);
        return { ...through, ttlSeconds: least(through.ttlSeconds, answer.ttlSeconds) };
      }
      if (first) {
        const { values, ttlSeconds = 0 } = answer;
        return { is: "found", type, values, ttlSeconds, isSecondBest: failure !== undefined };
      }
      nothingFor = optionalLeast(nothingFor, answer.ttlSeconds);
    } catch (error) {
      // Where nobody answers, waiting once more for each type would only take longer.
      if (!(error instanceof DnsError) || error.isSilence) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  return { is: "nothing", ttlSeconds: nothingFor };
}

interface Records {
  readonly values: readonly RecordValue[];
  readonly ttlSeconds: number | undefined;
}

/** The records of one type, at the end of the aliases that the answers show. */
async function recordsOf({ name, type }: Question, ask: Ask, aliases: number): Promise<Records> {
  let asked = name;
  let ttlSeconds: number | undefined;
  for (let left = aliases; left >= 0; left--) {
    const reply = await ask({ name: asked, type });
    const { end, passed } = type === "CNAME" ? noAliases(asked) : follow(asked, reply.records);
    const found = reply.records.filter((record) => record.name === end && record.is.type === type);
    for (const record of [...passed, ...found]) {
      ttlSeconds = optionalLeast(ttlSeconds, record.ttlSeconds);
    }
    if (found.length > 0) return { values: found.map(({ is }) => is), ttlSeconds };
    // The server did not go on to the end of its aliases by itself, unless it says that nothing is there.
    if (end === asked || reply.negativeTtlSeconds !== undefined) {
      return { values: [], ttlSeconds: optionalLeast(ttlSeconds, reply.negativeTtlSeconds) };
    }
    asked = end;
  }
  throw tooManyAliases(name);
}

function noAliases(name: string) {
  return { end: name, passed: [] };
}

function follow(name: string, records: readonly DnsRecord[]) {
  const passed: DnsRecord[] = [];
  let end = name;
  for (;;) {
    const alias = records.find((record) => record.is.type === "CNAME" && record.name === end);
    if (alias?.is.type !== "CNAME") return { end, passed };
    if (passed.includes(alias)) throw tooManyAliases(name);
    passed.push(alias);
    end = alias.is.target;
  }
}

function tooManyAliases(name: string): DnsError {
  return new DnsError(`${name} has more than ${MAX_ALIASES} aliases in a row`);
}

function least(a: number | undefined, b: number | undefined): number {
  return optionalLeast(a, b) ?? 0;
}

export function optionalLeast(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}
