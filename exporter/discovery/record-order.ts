/** `discovery.dns.order` of APISIX: which record types a name is asked for, and in which order. */
export const DNS_ORDER = ["last", "SRV", "A", "AAAA", "CNAME"] as const;

/** `last` stands for the type that had an answer the last time. */
export type DnsOrder = (typeof DNS_ORDER)[number];

export type RecordType = Exclude<DnsOrder, "last">;

export function isDnsOrder(text: string): text is DnsOrder {
  return DNS_ORDER.some((member) => member === text);
}

/** The types to try, each once; `last` is what had an answer the last time. */
export function typesInOrder(
  order: readonly DnsOrder[],
  last: RecordType | undefined,
): readonly RecordType[] {
  const types = order.map((member) => (member === "last" ? last : member));
  return [...new Set(types.filter((type) => type !== undefined))];
}
