import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { createServer, type Server } from "node:net";
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Question,
  TRUNCATED_RESPONSE,
} from "dns-packet";

/** A DNS server on 127.0.0.1, over UDP and TCP, with a zone that a test writes. */
export interface DnsServer {
  /** e.g. `127.0.0.1:5353`. */
  readonly address: string;
  readonly port: number;
  /** Questions as they came in, e.g. `udp A a.test`. */
  readonly asked: string[];
  /** Puts the records of a name in place of those it had; none: there is no such name. */
  set(name: string, ...records: readonly ZoneRecord[]): void;
  /** How every question is met from now on. */
  behave(how: Behaviour): void;
  stop(): Promise<void>;
}

/** `[type, value, ttl]`; an SRV value reads `priority weight port target`. */
export type ZoneRecord = readonly [
  type: "A" | "AAAA" | "CNAME" | "SRV",
  value: string,
  ttl: number,
];

type Zone = ReadonlyMap<string, readonly ZoneRecord[]>;

export type Behaviour =
  | "answer"
  /** Says nothing at all. */
  | "silent"
  | "servfail"
  /** Fails for SRV records only, as some small servers do. */
  | "no-srv"
  /** Answers over UDP have no records and the flag of truncation. */
  | "truncate"
  /** Sends, before each answer, one to another question and one that is no message. */
  | "forge"
  /** Shows only the first alias of a name, and does not go on from there. */
  | "one-alias";

const SERVFAIL = 2;
const NXDOMAIN = 3;
/** Of the SOA record that says for how long something is not there, in seconds. */
export const NEGATIVE_TTL = 7;

export async function startDnsServer(port = 0): Promise<DnsServer> {
  const zone = new Map<string, readonly ZoneRecord[]>();
  const asked: string[] = [];
  let behaviour: Behaviour = "answer";
  const tcp = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      const message = replyTo(bytes.subarray(2), "tcp");
      if (!message) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(message.length);
      // In two pieces, as networks may have it.
      socket.write(Buffer.concat([length, message.subarray(0, 5)]));
      socket.end(message.subarray(5));
    });
  });
  await new Promise<void>((resolve) => tcp.listen(port, "127.0.0.1", resolve));
  const bound = (tcp.address() as { port: number }).port;
  const udp = createSocket("udp4");
  udp.on("message", (bytes, { port: from }) => {
    const message = replyTo(bytes, "udp");
    if (!message) return;
    if (behaviour === "forge") {
      const forged = decode(message);
      udp.send(encode({ ...forged, id: (forged.id ?? 0) ^ 1 }), from, "127.0.0.1");
      udp.send(Buffer.from("no message"), from, "127.0.0.1");
    }
    udp.send(message, from, "127.0.0.1");
  });
  await new Promise<void>((resolve) => udp.bind(bound, "127.0.0.1", resolve));

  const replyTo = (bytes: Buffer, by: "udp" | "tcp") => {
    const { id = 0, questions = [] } = decode(bytes);
    const [question] = questions;
    if (!question) return undefined;
    asked.push(`${by} ${question.type} ${question.name}`);
    return behaviour === "silent" ? undefined : reply(id, question, by, zone, behaviour);
  };

  return {
    address: `127.0.0.1:${bound}`,
    port: bound,
    asked,
    set: (name, ...records) => {
      if (records.length === 0) zone.delete(name);
      else zone.set(name, records);
    },
    behave: (how) => {
      behaviour = how;
    },
    stop: () => stop(udp, tcp),
  };
}

function reply(
  id: number,
  question: Question,
  by: "udp" | "tcp",
  zone: Zone,
  behaviour: Behaviour,
): Buffer {
  const isCut = behaviour === "truncate" && by === "udp";
  const { answers, exists } = lookUp(zone, question.name, question.type, behaviour);
  const hasFailed = behaviour === "servfail" || (behaviour === "no-srv" && question.type === "SRV");
  const rcode = hasFailed ? SERVFAIL : exists ? 0 : NXDOMAIN;
  const isNegative = !hasFailed && !isCut && !answers.some(isOf(question.type));
  return encode({
    type: "response",
    id,
    flags: AUTHORITATIVE_ANSWER | (isCut ? TRUNCATED_RESPONSE : 0) | rcode,
    questions: [question],
    answers: isCut || hasFailed ? [] : answers,
    authorities: isNegative && behaviour !== "one-alias" ? [soa()] : [],
  });
}

const isOf = (type: string) => (answer: Answer) => answer.type === type;

function lookUp(
  zone: Zone,
  asked: string,
  type: string,
  behaviour: Behaviour,
): { readonly answers: Answer[]; readonly exists: boolean } {
  const answers: Answer[] = [];
  let name = asked.toLowerCase();
  for (let steps = 0; steps < 10; steps++) {
    const records = zone.get(name);
    if (!records) return { answers, exists: answers.length > 0 };
    const wanted = records.filter(([own]) => own === type);
    const alias = records.find(([own]) => own === "CNAME");
    for (const record of wanted) answers.push(answerOf(name, record));
    if (wanted.length > 0 || !alias) break;
    answers.push(answerOf(name, alias));
    if (behaviour === "one-alias") break;
    name = alias[1];
  }
  return { answers, exists: true };
}

function answerOf(name: string, [type, value, ttl]: ZoneRecord): Answer {
  if (type !== "SRV") return { type, name, ttl, data: value };
  const [priority, weight, port, target = ""] = value.split(" ");
  const data = {
    priority: Number(priority),
    weight: Number(weight),
    port: Number(port),
    target,
  };
  return { type, name, ttl, data };
}

function soa(): Answer {
  const data = { mname: "ns.test", rname: "admin.test", minimum: NEGATIVE_TTL };
  return { type: "SOA", name: "test", ttl: 3600, data };
}

async function stop(udp: DatagramSocket, tcp: Server): Promise<void> {
  await new Promise<void>((resolve) => udp.close(resolve));
  await new Promise<void>((resolve) => tcp.close(() => resolve()));
}
