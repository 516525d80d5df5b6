import { type DnsServiceName, parseDnsServiceName } from "../../shared/resources/service-name.ts";
import type { UpstreamNode } from "../../shared/resources/upstream.ts";
import { isIpAddress } from "../../shared/routing/ip-ranges.ts";
import { forEachAtMost } from "../publish/bounded.ts";
import type { DnsClient } from "./dns-client.ts";
import { DnsError } from "./dns-exchange.ts";
import type { RecordValue } from "./dns-message.ts";
import { type DnsOrder, type RecordType, typesInOrder } from "./record-order.ts";
import { type ResolvConf, searchedNames } from "./resolv-conf.ts";
import { type Ask, optionalLeast, type Resolved, resolveName } from "./resolve-name.ts";

/** What DNS says of a service. */
export type Found =
  | {
      readonly is: "nodes";
      /** At least one, in a fixed order. */
      readonly nodes: readonly UpstreamNode[];
      /** Undefined: for ever. */
      readonly ttlSeconds: number | undefined;
      /** To be asked for first the next time. */
      readonly type: RecordType | undefined;
      /** Targets of SRV records that have no address. */
      readonly withoutAddress: readonly string[];
    }
  | { readonly is: "nothing"; readonly ttlSeconds: number | undefined };

/** `last` is the type of the answer before. Rejects with a `DnsError` where nobody knows. */
export type FindNodes = (
  service: string,
  last: RecordType | undefined,
  signal: AbortSignal,
) => Promise<Found>;

const NO_SERVICE = "";
const TARGETS_AT_ONCE = 8;

/** As APISIX's `discovery/dns` does it. */
export function findNodesByDns(
  client: DnsClient,
  order: readonly DnsOrder[],
  searching: Pick<ResolvConf, "search" | "ndots">,
): FindNodes {
  return async (written, last, signal) => {
    const service = parseDnsServiceName(written);
    if (!service) throw new DnsError(`DNS cannot be asked for ${JSON.stringify(written)}`);
    if (isIpAddress(service.host)) return onlyNode(service);
    const ask: Ask = (question) => client.ask(question, signal);
    const types = typesInOrder(order, last);
    let nothingFor: number | undefined;
    for (const name of searchedNames(service.host, searching)) {
      const resolved = await resolveName(name, types, ask);
      const found = await nodesOf(resolved, service, order, ask);
      if (found.is === "nodes") {
        // What had to be left out of the question today must not be left out for ever.
        const isSecondBest = resolved.is === "found" && resolved.isSecondBest;
        return isSecondBest ? { ...found, type: last } : found;
      }
      nothingFor = optionalLeast(nothingFor, found.ttlSeconds);
    }
    return { is: "nothing", ttlSeconds: nothingFor };
  };
}

function onlyNode({ host, port }: DnsServiceName): Found {
  const nodes = [aNode(host, port, 1, 0)];
  return { is: "nodes", nodes, ttlSeconds: undefined, type: undefined, withoutAddress: [] };
}

async function nodesOf(
  resolved: Resolved,
  { port }: DnsServiceName,
  order: readonly DnsOrder[],
  ask: Ask,
): Promise<Found> {
  if (resolved.is === "nothing") return resolved;
  const { type, values, ttlSeconds } = resolved;
  if (type === "SRV") {
    const types = typesInOrder(order, undefined).filter((each) => each !== "SRV");
    const targets = await resolveTargets(values.filter(isSrv), types, ask);
    return nodesOfTargets(targets, port, ttlSeconds);
  }
  const nodes = addressesOf(values).map((address) => aNode(address, port, 1, 0));
  return { is: "nodes", nodes: inOrder(nodes), ttlSeconds, type, withoutAddress: [] };
}

type Srv = Extract<RecordValue, { readonly type: "SRV" }>;

function isSrv(value: RecordValue): value is Srv {
  return value.type === "SRV";
}

interface Target {
  readonly srv: Srv;
  readonly addresses: readonly string[];
  readonly ttlSeconds: number | undefined;
}

async function resolveTargets(
  records: readonly Srv[],
  types: readonly RecordType[],
  ask: Ask,
): Promise<readonly Target[]> {
  const byName = new Map<string, Resolved>();
  // RFC 2782: a target of "." says that the service is decidedly not there.
  const real = records.filter(({ target }) => target !== NO_SERVICE);
  await forEachAtMost(TARGETS_AT_ONCE, new Set(real.map(({ target }) => target)), async (name) => {
    byName.set(name, isIpAddress(name) ? addressItself(name) : await resolveName(name, types, ask));
  });
  return real.map((srv) => {
    const resolved = byName.get(srv.target) as Resolved;
    const addresses = resolved.is === "found" ? addressesOf(resolved.values) : [];
    return { srv, addresses, ttlSeconds: resolved.ttlSeconds };
  });
}

/** Some servers write an address where a name should be. */
function addressItself(address: string): Resolved {
  const values = [{ type: "A", address } as const];
  const ttlSeconds = Number.POSITIVE_INFINITY;
  return { is: "found", type: "A", values, ttlSeconds, isSecondBest: false };
}

/**
 * A target's weight is divided among its addresses; all are multiplied so that they stay whole. A lower
 * priority comes first in DNS, a higher one in APISIX. Weight 0 means a small chance: it becomes 1.
 */
function nodesOfTargets(
  targets: readonly Target[],
  port: number | undefined,
  ttlSeconds: number,
): Found {
  const reached = targets.filter(({ addresses }) => addresses.length > 0);
  const multiple = reached.reduce((so, { addresses }) => leastMultiple(so, addresses.length), 1);
  const nodes = reached.flatMap(({ srv, addresses }) => {
    const weight = ((srv.weight || 1) * multiple) / addresses.length;
    return addresses.map((address) => {
      return aNode(address, port ?? (srv.port || undefined), weight, 0 - srv.priority);
    });
  });
  const least = targets.reduce<number | undefined>(
    (so, target) => optionalLeast(so, target.ttlSeconds),
    ttlSeconds,
  );
  if (nodes.length === 0) return { is: "nothing", ttlSeconds: least };
  const withoutAddress = targets
    .filter(({ addresses }) => addresses.length === 0)
    .map(({ srv }) => srv.target)
    .sort();
  return { is: "nodes", nodes: inOrder(nodes), ttlSeconds: least, type: "SRV", withoutAddress };
}

function addressesOf(values: readonly RecordValue[]): readonly string[] {
  const addresses = values.flatMap((value) => ("address" in value ? [value.address] : []));
  return [...new Set(addresses)];
}

function aNode(
  address: string,
  port: number | undefined,
  weight: number,
  priority: number,
): UpstreamNode {
  const isBare = address.includes(":") && !address.startsWith("[");
  const host = isBare ? `[${address.toLowerCase()}]` : address;
  return port === undefined ? { host, weight, priority } : { host, port, weight, priority };
}

/** Servers turn their answers around each time; that is no change. */
function inOrder(nodes: readonly UpstreamNode[]): readonly UpstreamNode[] {
  const rank = ({ host, port = 0 }: UpstreamNode) => `${host}:${String(port).padStart(5, "0")}`;
  return nodes.toSorted((a, b) => {
    if (a.priority !== b.priority) return b.priority - a.priority;
    if (rank(a) !== rank(b)) return rank(a) < rank(b) ? -1 : 1;
    return b.weight - a.weight;
  });
}

function leastMultiple(a: number, b: number): number {
  return (a / greatestDivisor(a, b)) * b;
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
