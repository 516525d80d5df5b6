import { isIP } from "node:net";
import { AUTHORITATIVE_ANSWER, encode } from "dns-packet";
import { describe, expect, it } from "vitest";
import { decodeReply, type Question } from "../../exporter/discovery/dns-message.ts";
import { runSeed, seededRandom } from "../support/random.ts";

const seed = runSeed();
const ROUNDS = 5_000;
const ID = 7;

const asked: Question = { name: "orders.test", type: "SRV" };
const whole = encode({
  type: "response",
  id: ID,
  flags: AUTHORITATIVE_ANSWER,
  questions: [{ name: asked.name, type: asked.type }],
  answers: [
    { type: "CNAME", name: "orders.test", ttl: 9, data: "shop.test" },
    {
      type: "SRV",
      name: "shop.test",
      ttl: 30,
      data: { priority: 1, weight: 2, port: 80, target: "a.shop.test" },
    },
    { type: "A", name: "a.shop.test", ttl: 30, data: "192.0.2.1" },
    { type: "AAAA", name: "a.shop.test", ttl: 30, data: "2001:db8::1" },
  ],
  authorities: [
    { type: "SOA", name: "test", ttl: 60, data: { mname: "ns.test", rname: "a.test", minimum: 5 } },
  ],
});

describe(`a DNS reply with damage (seed ${seed})`, () => {
  it("is no reply, or one whose records are whole; it never throws", () => {
    expect(decodeReply(whole, ID, asked)?.records).toHaveLength(4);
    const random = seededRandom(seed);
    let read = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = Buffer.from(whole);
      // The header and the question stay, else nearly all would be told apart by these alone.
      const from = random.chance(0.9) ? 29 : 0;
      for (let hits = 1 + random.below(4); hits > 0; hits--) {
        bytes[from + random.below(bytes.length - from)] = random.below(256);
      }
      const cut = random.chance(0.2) ? bytes.subarray(0, random.below(bytes.length)) : bytes;
      const reply = decodeReply(cut, ID, asked);
      if (!reply) continue;
      read += 1;
      for (const { name, ttlSeconds, is } of reply.records) {
        expect(typeof name).toBe("string");
        expect(ttlSeconds).toBeGreaterThanOrEqual(0);
        if (is.type === "A" || is.type === "AAAA") expect(isIP(is.address)).not.toBe(0);
        if (is.type === "SRV") expect(is.port).toBeLessThanOrEqual(65_535);
      }
    }
    expect(read).toBeGreaterThan(ROUNDS / 20);
  });
});
