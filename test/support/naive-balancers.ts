/** Two balancers as the reference tells them, as plainly as possible, to hold the real ones against. */

export interface NaiveNode {
  /** `host:port`. */
  readonly address: string;
  readonly weight: number;
}

export interface NaivePoint {
  readonly hash: number;
  readonly address: string;
}

/** Bit by bit (the reflected polynomial of IEEE 802.3). */
export function naiveCrc32(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      const low = crc & 1;
      crc >>>= 1;
      if (low === 1) crc ^= 0xedb88320;
    }
  }
  return (crc ^ 0xffffffff) >>> 0;
}

const bytesOf = (text: string) => [...new TextEncoder().encode(text)];

/** All points in their order; of equal ones, the node that stands first comes first. */
export function naiveRing(nodes: readonly NaiveNode[]): NaivePoint[] {
  const divisor = divisorOf(nodes);
  const points: (NaivePoint & { readonly place: number })[] = [];
  for (const [place, { address, weight }] of nodes.entries()) {
    const id = bytesOf(address.split(":").join("\0"));
    let hash = 0;
    for (let i = 0; i < (160 * weight) / divisor; i++) {
      const before = [0, 8, 16, 24].map((shift) => Math.floor(hash / 2 ** shift) % 256);
      hash = naiveCrc32([...id, ...before]);
      points.push({ hash, address, place });
    }
  }
  return points.sort((a, b) => a.hash - b.hash || a.place - b.place);
}

/** The addresses in the order in which a request with this key tries them. */
export function naiveOrder(ring: readonly NaivePoint[], key: string): string[] {
  const hash = naiveCrc32(bytesOf(key));
  const found = ring.findIndex((point) => point.hash >= hash);
  const start = found === -1 ? 0 : found;
  return [...new Set([...ring.slice(start), ...ring.slice(0, start)].map((each) => each.address))];
}

/** Each address's share of all hashes, as far as `isUsable` leaves it on the ring. */
export function naiveShares(
  ring: readonly NaivePoint[],
  isUsable: (address: string) => boolean = () => true,
): Map<string, number> {
  const left = ring.filter(({ address }) => isUsable(address));
  const shares = new Map<string, number>();
  for (const [i, { address, hash }] of left.entries()) {
    const before = left[i - 1]?.hash ?? (left.at(-1)?.hash ?? 0) - 2 ** 32;
    shares.set(address, (shares.get(address) ?? 0) + (hash - before) / 2 ** 32);
  }
  return shares;
}

/** One whole cycle of the weighted rotation from its beginning. */
export function naiveCycle(nodes: readonly NaiveNode[]): string[] {
  const isFlat = nodes.every(({ weight }) => weight === 0);
  const weighted = isFlat ? nodes.map((node) => ({ ...node, weight: 1 })) : nodes;
  const divisor = divisorOf(weighted);
  const highest = Math.max(...weighted.map(({ weight }) => weight));
  const cycle: string[] = [];
  for (let level = highest; level > 0; level -= divisor) {
    for (const { address, weight } of weighted) if (weight >= level) cycle.push(address);
  }
  return cycle;
}

/** By trying every number from the largest down; 1 where all weights are 0. */
function divisorOf(nodes: readonly NaiveNode[]): number {
  const weights = nodes.map(({ weight }) => weight);
  let divisor = Math.max(...weights);
  while (divisor > 1 && !weights.every((weight) => weight % divisor === 0)) divisor -= 1;
  return Math.max(divisor, 1);
}
