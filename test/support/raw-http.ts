import { connect } from "node:net";

/** What came back over a connection, byte for byte. */
export interface RawAnswer {
  /** Latin-1, without the empty line. */
  readonly head: string;
  /** After the head, as sent: chunks are not undone. */
  readonly body: Buffer;
  /** The other side has closed the connection. */
  readonly isClosed: boolean;
}

/** Sends these bytes and collects the answer until it is whole by its length, closed, or late. */
export function sendRaw(url: string, text: string, limitMs = 5000): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let received = Buffer.alloc(0);
    const done = (isClosed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...split(received), isClosed });
    };
    const timer = setTimeout(() => done(false), limitMs);
    socket.on("data", (piece: Buffer) => {
      received = Buffer.concat([received, piece]);
      if (isWhole(split(received))) done(false);
    });
    socket.on("error", () => done(true));
    socket.on("close", () => done(true));
    socket.write(Buffer.from(text, "latin1"));
  });
}

function split(received: Buffer): { head: string; body: Buffer } {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return { head: "", body: Buffer.alloc(0) };
  return { head: received.subarray(0, end).toString("latin1"), body: received.subarray(end + 4) };
}

function isWhole({ head, body }: { head: string; body: Buffer }): boolean {
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length !== undefined) return body.length >= Number(length);
  return /\r\ntransfer-encoding: chunked/i.test(head) && body.includes("0\r\n\r\n");
}
