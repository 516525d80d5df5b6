import { EtcdError, type EtcdTransport, type RangeAnswer, type RangeRequest } from "./transport.ts";

/** A transaction of etcd has at most 128 operations. */
const MOST_AT_ONCE = 64;

interface Waiting {
  readonly request: RangeRequest;
  readonly resolve: (answer: RangeAnswer | Promise<RangeAnswer>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The same transport, but that reads of single keys which are asked for while another one is under way are
 * then asked for together. A call costs us far more than what it asks: of many writes at once, each with its
 * own few reads, most of the time went into calls. An answer is never older than the question, as etcd's own.
 */
export function gatherReads(transport: EtcdTransport): EtcdTransport {
  const waiting: Waiting[] = [];
  let isUnderWay = false;

  const askAll = async () => {
    isUnderWay = true;
    for (let part = waiting.splice(0, MOST_AT_ONCE); part.length > 0; ) {
      await (part.length === 1 ? askEach(transport, part) : askTogether(transport, part));
      part = waiting.splice(0, MOST_AT_ONCE);
    }
    isUnderWay = false;
  };

  return {
    ...transport,
    range: (request) => {
      if (!isOfOneKey(request)) return transport.range(request);
      const { promise, resolve, reject } = Promise.withResolvers<RangeAnswer>();
      waiting.push({ request, resolve, reject });
      if (!isUnderWay) void askAll();
      return promise;
    },
  };
}

function isOfOneKey({ end, revision, limit }: RangeRequest): boolean {
  return end === undefined && revision === undefined && limit === undefined;
}

/** Never rejects. */
async function askEach(transport: EtcdTransport, part: readonly Waiting[]): Promise<void> {
  const asked = part.map(async ({ request, resolve, reject }) => {
    await transport.range(request).then(resolve, reject);
  });
  await Promise.all(asked);
}

/** Never rejects. */
async function askTogether(transport: EtcdTransport, part: readonly Waiting[]): Promise<void> {
  const success = part.map(({ request: { key } }) => ({ do: "get", key }) as const);
  try {
    const { header, answers } = await transport.txn({ compare: [], success });
    for (const [i, { resolve }] of part.entries()) {
      const answer = answers[i];
      const kvs = answer?.did === "get" ? answer.kvs : [];
      resolve({ header, kvs, more: false, count: kvs.length });
    }
  } catch (error) {
    const isLasting = error instanceof EtcdError && error.kind !== "unavailable";
    // What is refused to one of them, as a key that this user may not read, is not to fail the others.
    if (isLasting) return askEach(transport, part);
    for (const { reject } of part) reject(error);
  }
}
