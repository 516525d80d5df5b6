import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { isDomainName } from "../../shared/resources/service-name.ts";
import { type DnsReply, decodeReply, encodeQuestion, type Question } from "./dns-message.ts";
import { type ServerAddress, serverText } from "./server-address.ts";

/** One question to one server. Rejects with a `DnsError`, also when `signal` aborts. */
export type AskServer = (
  server: ServerAddress,
  question: Question,
  signal: AbortSignal,
) => Promise<DnsReply>;

/** A question without an answer that can be used. It says nothing of what there is. */
export class DnsError extends Error {
  override readonly name = "DnsError";
  /** Nobody said anything, as they would to the next question; else a server said that it cannot answer. */
  readonly isSilence: boolean;

  constructor(message: string, options: ErrorOptions & { readonly isSilence?: boolean } = {}) {
    super(message, options);
    this.isSilence = options.isSilence ?? false;
  }
}

/**
 * Over UDP, and once more over TCP where the answer did not fit (RFC 7766). Each question has a port and an
 * id of its own, which whoever wants to forge an answer would have to guess. `randomId`: 0 to 65,535.
 */
export function askByNetwork(randomId: () => number): AskServer {
  return async (server, question, signal) => {
    // Names come out of answers, too, and not all that fit into one can be asked for.
    if (!isDomainName(question.name)) {
      throw new DnsError(`${JSON.stringify(question.name)} is no name that can be asked for`);
    }
    const id = randomId();
    const reply = await askByUdp(server, question, id, signal);
    return reply.isTruncated ? askByTcp(server, question, id, signal) : reply;
  };
}

function askByUdp(
  { host, port }: ServerAddress,
  question: Question,
  id: number,
  signal: AbortSignal,
): Promise<DnsReply> {
  return new Promise<DnsReply>((resolve, reject) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const end = guard(signal, () => socket.close(), reject);
    socket.on("error", (cause) => end.fail(failure({ host, port }, "UDP", cause)));
    socket.on("message", (bytes) => {
      const reply = decodeReply(bytes, id, question);
      // Anything else may be forged; the real answer may still come.
      if (reply) end.succeed(() => resolve(reply));
    });
    // Connected: datagrams from elsewhere do not arrive, and a closed port is told.
    socket.connect(port, host, () => {
      if (end.isOpen()) socket.send(encodeQuestion(id, question));
    });
  });
}

const LENGTH_BYTES = 2;

function askByTcp(
  { host, port }: ServerAddress,
  question: Question,
  id: number,
  signal: AbortSignal,
): Promise<DnsReply> {
  return new Promise<DnsReply>((resolve, reject) => {
    const socket = connect({ host, port });
    const end = guard(signal, () => socket.destroy(), reject);
    const broken = (cause?: Error) => end.fail(failure({ host, port }, "TCP", cause));
    let received = Buffer.alloc(0);
    socket.on("error", broken);
    socket.on("close", () => broken());
    socket.on("connect", () => {
      const asked = encodeQuestion(id, question);
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt16BE(asked.length);
      socket.write(Buffer.concat([length, asked]));
    });
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      if (received.length < LENGTH_BYTES) return;
      const whole = LENGTH_BYTES + received.readUInt16BE();
      if (received.length < whole) return;
      const reply = decodeReply(received.subarray(LENGTH_BYTES, whole), id, question);
      if (reply) end.succeed(() => resolve(reply));
      else broken(new Error("not an answer to what was asked"));
    });
  });
}

/** Ends an exchange once, whichever comes first, and closes its socket. */
function guard(signal: AbortSignal, close: () => void, reject: (error: Error) => void) {
  let isOpen = true;
  const once = (act: () => void) => {
    if (!isOpen) return;
    isOpen = false;
    signal.removeEventListener("abort", aborted);
    close();
    act();
  };
  const fail = (error: Error) => once(() => reject(error));
  const aborted = () => fail(new DnsError("no answer in time", { isSilence: true }));
  signal.addEventListener("abort", aborted);
  if (signal.aborted) aborted();
  return { isOpen: () => isOpen, fail, succeed: once };
}

function failure(server: ServerAddress, by: "UDP" | "TCP", cause: Error | undefined): DnsError {
  return new DnsError(`no exchange with ${serverText(server)} over ${by}`, {
    cause,
    isSilence: true,
  });
}
