import { Etcd3 } from "etcd3";
import { forEachAtMost } from "../../exporter/publish/bounded.ts";

/** etcd takes at most 128 in one transaction. */
const KEYS_PER_TXN = 128;
const TXNS_AT_ONCE = 6;

/** Writes many keys fast: all there are, in no order. */
export async function writeKeys(
  endpoint: string,
  entries: Iterable<readonly [key: string, value: string]>,
): Promise<void> {
  const client = new Etcd3({ hosts: endpoint });
  await forEachAtMost(TXNS_AT_ONCE, inParts(entries), async (part) => {
    const puts = part.map(([key, value]) => client.put(key).value(value));
    await client
      .if("none", "Version", "==", 0)
      .then(...puts)
      .commit();
  });
  client.close();
}

function* inParts<T>(entries: Iterable<T>): Iterable<readonly T[]> {
  let part: T[] = [];
  for (const entry of entries) {
    part.push(entry);
    if (part.length < KEYS_PER_TXN) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
