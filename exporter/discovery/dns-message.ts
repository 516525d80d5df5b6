import { type Answer, decode, encode, RECURSION_DESIRED } from "dns-packet";
import type { RecordType } from "./record-order.ts";

/** DNS messages (RFC 1035 section 4) of the one kind that is asked here: one question, class IN. */
export interface Question {
  /** Absolute, without its last dot. */
  readonly name: string;
  readonly type: RecordType;
}

/** A record of an answer. */
export interface DnsRecord {
  /** In lower case, without its last dot, as all names here. */
  readonly name: string;
  readonly ttlSeconds: number;
  readonly is: RecordValue;
}

export type RecordValue =
  /** IPv6 addresses without brackets. */
  | { readonly type: "A" | "AAAA"; readonly address: string }
  | { readonly type: "CNAME"; readonly target: string }
  | {
      readonly type: "SRV";
      readonly target: string;
      readonly port: number;
      readonly weight: number;
      readonly priority: number;
    };

export interface DnsReply {
  readonly isTruncated: boolean;
  /** RFC 1035 4.1.1; 0 is no error, 3 that there is no such name. */
  readonly rcode: number;
  readonly records: readonly DnsRecord[];
  /** How long it holds that something is not there (RFC 2308); undefined: the server does not say. */
  readonly negativeTtlSeconds: number | undefined;
}

export const NO_ERROR = 0;
export const NO_SUCH_NAME = 3;

export function encodeQuestion(id: number, { name, type }: Question): Buffer {
  return encode({ type: "query", id, flags: RECURSION_DESIRED, questions: [{ name, type }] });
}

/** Undefined for what is no answer to this question: damaged, late for another, or forged. */
export function decodeReply(bytes: Buffer, id: number, asked: Question): DnsReply | undefined {
  let packet: ReturnType<typeof decode>;
  try {
    packet = decode(bytes);
  } catch {
    return undefined;
  }
  const [question] = packet.questions ?? [];
  const isForIt =
    packet.flag_qr &&
    packet.id === id &&
    question?.type === asked.type &&
    plainName(question.name) === plainName(asked.name);
  if (!isForIt) return undefined;
  const records = (packet.answers ?? []).flatMap(recordOf);
  const negatives = (packet.authorities ?? []).flatMap((record) =>
    record.type === "SOA" ? [Math.min(record.ttl ?? 0, record.data.minimum ?? 0)] : [],
  );
  return {
    isTruncated: packet.flag_tc,
    rcode: (packet.flags ?? 0) & 0xf,
    records,
    negativeTtlSeconds: negatives[0],
  };
}

/** Names are equal whatever their case is (RFC 4343). */
export function plainName(name: string): string {
  return name.replace(/\.$/, "").toLowerCase();
}

function recordOf(answer: Answer): DnsRecord[] {
  const value = valueIn(answer);
  if (!value || !("ttl" in answer)) return [];
  return [{ name: plainName(answer.name), ttlSeconds: answer.ttl ?? 0, is: value }];
}

function valueIn(answer: Answer): RecordValue | undefined {
  switch (answer.type) {
    case "A":
    case "AAAA":
      return { type: answer.type, address: answer.data };
    case "CNAME":
      return { type: "CNAME", target: plainName(answer.data) };
    case "SRV": {
      const { target, port, weight = 0, priority = 0 } = answer.data;
      return { type: "SRV", target: plainName(target), port, weight, priority };
    }
    default:
      return undefined;
  }
}
