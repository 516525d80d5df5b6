/** APISIX sends each batch to any of several addresses. `random`: at least 0, less than 1. */
export function oneOf(addresses: readonly string[], random: () => number): string {
  const address = addresses[Math.floor(random() * addresses.length)];
  if (address === undefined) throw new Error("there is no address to send to");
  return address;
}

/** Of plugins that once took a single one. */
export interface Endpoints {
  readonly endpoint_addr?: string;
  readonly endpoint_addrs?: readonly string[];
}

export function addressesOf({ endpoint_addr: one, endpoint_addrs: several }: Endpoints) {
  return one === undefined ? (several ?? []) : [one];
}
