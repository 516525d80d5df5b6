import type { Weighted } from "../support/balancers.ts";
import { naiveRing, naiveShares } from "../support/naive-balancers.ts";
import { balancerContract } from "./balancer.ts";

const left = (nodes: readonly Weighted[], isUsable: (host: string) => boolean) =>
  nodes.filter(([host]) => isUsable(host));

function byWeight(nodes: readonly Weighted[], isUsable: (host: string) => boolean) {
  const usable = left(nodes, isUsable);
  const total = usable.reduce((sum, [, weight]) => sum + weight, 0);
  return Object.fromEntries(usable.map(([host, weight]) => [host, weight / total]));
}

balancerContract("roundrobin", {
  fields: { type: "roundrobin" },
  shares: byWeight,
  zero: "never",
  allZero: "all",
  onlyNode: "again",
});

balancerContract("chash", {
  fields: { type: "chash", hash_on: "vars", key: "arg_key" },
  // As large as a node's part of the ring is, which is about its weight's.
  shares: (nodes, isUsable) => {
    const addressed = nodes.map(([host, weight]) => ({ address: `${host}:80`, weight }));
    const hostOf = (address: string) => address.replace(":80", "");
    const shares = naiveShares(naiveRing(addressed), (address) => isUsable(hostOf(address)));
    return Object.fromEntries([...shares].map(([address, share]) => [hostOf(address), share]));
  },
  zero: "never",
  allZero: "none",
  onlyNode: "again",
});

balancerContract("ewma", {
  fields: { type: "ewma" },
  shares: (nodes, isUsable) => {
    const usable = left(nodes, isUsable);
    return Object.fromEntries(usable.map(([host]) => [host, 1 / usable.length]));
  },
  zero: "like others",
  allZero: "all",
  onlyNode: "again",
});

balancerContract("least_conn", {
  fields: { type: "least_conn" },
  shares: byWeight,
  zero: "last",
  allZero: "all",
  onlyNode: "once",
});
