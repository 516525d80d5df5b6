import type { RouterName } from "../snapshot/format.ts";
import { numberText } from "./host-patterns.ts";
import { endOfLeading, type PageChild, type PageNode, pageNode, restOf } from "./page-node.ts";
import { lengthBytes, PageWriter } from "./page-writer.ts";
import { withoutNames } from "./path-pattern.ts";
import { ANY_HOST, type RouteEntry } from "./route-entry.ts";
import {
  CAPTURES,
  CLUSTER_WEIGHT,
  ENTRY_CAPTURE,
  ENTRY_CONDITIONS,
  ENTRY_HOSTS,
  ENTRY_LAST,
  ENTRY_METHODS,
  ENTRY_STAR,
  ENTRY_SURE,
  HEADER,
  HOSTS_REACH,
  NODE_CHILDREN,
  NODE_EXACT,
  NODE_PREFIX,
  NODE_RANGE,
  PAGE_MAGIC,
  routerNumber,
  SHORT_PAGE_BYTES,
} from "./route-page-layout.ts";

/**
 * The bytes of a page of the route index (INDEX.md 5.2), from entries in their order (`compareEntries`).
 * Throws a RangeError where they do not fit into a page.
 */
export function encodeRoutePage(router: RouterName, entries: readonly RouteEntry[]): Uint8Array {
  const [anyHost, hosts] = partAtAnyHost(entries);
  const roots: Roots = {
    anyHost: anyHost.length > 0 ? pageNode(anyHost, 1, true) : undefined,
    hosts: hosts.length > 0 ? pageNode(hosts, 0, false) : undefined,
  };
  const short = encode(router, entries.length, roots, 2);
  return short.length <= SHORT_PAGE_BYTES ? short : encode(router, entries.length, roots, 3);
}

interface Roots {
  readonly anyHost: PageNode | undefined;
  readonly hosts: PageNode | undefined;
}

function encode(
  router: RouterName,
  entries: number,
  { anyHost, hosts }: Roots,
  offsetBytes: number,
): Uint8Array {
  const writer = new PageWriter(offsetBytes);
  writer.at = HEADER.bytes;
  const anyHostAt = anyHost ? writeRoot(writer, anyHost) : 0;
  const hostsAt = hosts ? writeRoot(writer, hosts) : 0;
  const texts = writer.at;
  writer.writeTexts();
  writer.patch(HEADER.magic, PAGE_MAGIC, 4);
  writer.patch(HEADER.router, routerNumber(router), 4);
  writer.patch(HEADER.entries, entries, 4);
  writer.patch(HEADER.hosts, hostsAt, 4);
  writer.patch(HEADER.anyHost, anyHostAt, 4);
  writer.patch(HEADER.texts, texts, 4);
  return writer.finish();
}

/** The any-host scope lies between other keys; both parts keep their order. */
function partAtAnyHost(
  entries: readonly RouteEntry[],
): readonly [anyHost: readonly RouteEntry[], hosts: readonly RouteEntry[]] {
  const from = endOfLeading(entries, 0, ({ key }) => key < ANY_HOST);
  const to = endOfLeading(entries, from, ({ key }) => key.startsWith(ANY_HOST));
  if (from === to) return [[], entries];
  return [entries.slice(from, to), [...entries.slice(0, from), ...entries.slice(to)]];
}

/** A child that is to be written, and where its offset is to be filled in. */
interface Pending {
  readonly place: number;
  readonly node: PageNode;
}

/** INDEX.md 5.2.4: first the nodes above the clusters, then the clusters. */
function writeRoot(writer: PageWriter, root: PageNode): number {
  const clusters: Pending[] = [];
  if (root.weight <= CLUSTER_WEIGHT) return writeCluster(writer, root);
  const at = writeTop(writer, root, clusters);
  for (const { place, node } of clusters) {
    writer.patch(place, writeCluster(writer, node), writer.offsetBytes);
  }
  return at;
}

function writeTop(writer: PageWriter, node: PageNode, clusters: Pending[]): number {
  const { at, pending } = writeNode(writer, node);
  for (const child of pending) {
    if (child.node.weight <= CLUSTER_WEIGHT) clusters.push(child);
    else writer.patch(child.place, writeTop(writer, child.node, clusters), writer.offsetBytes);
  }
  return at;
}

/** Before a cluster the hosts that it asks for, unless they lie near. */
function writeCluster(writer: PageWriter, root: PageNode): number {
  const since = writer.at - HOSTS_REACH;
  for (const hosts of hostsBelow(root)) writer.hosts(hosts, since);
  return writeWhole(writer, root);
}

function hostsBelow(node: PageNode, into = new Set<string>()): ReadonlySet<string> {
  for (const entries of [node.exact, node.prefixes]) {
    for (const { hosts } of entries) if (hosts !== "") into.add(hosts);
  }
  for (const child of node.children) hostsBelow(child.node, into);
  return into;
}

function writeWhole(writer: PageWriter, node: PageNode): number {
  const { at, pending } = writeNode(writer, node);
  for (const child of pending) {
    writer.patch(child.place, writeWhole(writer, child.node), writer.offsetBytes);
  }
  return at;
}

/** The node alone. */
function writeNode(
  writer: PageWriter,
  { label, exact, prefixes, children, isRange }: PageNode,
): { readonly at: number; readonly pending: readonly Pending[] } {
  // Of a node above the clusters the hosts are not there yet; to the others this says nothing new.
  for (const entries of [exact, prefixes]) {
    for (const { hosts } of entries) if (hosts !== "") writer.hosts(hosts, 0);
  }
  const at = writer.at;
  writer.byte(
    (exact.length > 0 ? NODE_EXACT : 0) |
      (prefixes.length > 0 ? NODE_PREFIX : 0) |
      (children.length > 0 ? NODE_CHILDREN : 0) |
      (isRange ? NODE_RANGE : 0),
  );
  writer.text(label);
  const pending = isRange ? writeRange(writer, children) : writeList(writer, children);
  if (exact.length > 0 && prefixes.length > 0) {
    const skip = writer.at;
    writer.offset(0);
    writeEntries(writer, exact);
    writer.patch(skip, writer.at, writer.offsetBytes);
  } else {
    writeEntries(writer, exact);
  }
  writeEntries(writer, prefixes);
  return { at, pending };
}

function writeRange(writer: PageWriter, children: readonly PageChild[]): Pending[] {
  const least = children[0]?.lead ?? 0;
  const places = (children.at(-1)?.lead ?? 0) - least + 1;
  // One less: there may be 256.
  writer.byte(places - 1);
  writer.byte(least);
  const table = writer.at;
  for (let i = 0; i < places; i++) writer.offset(0);
  return children.map(({ lead, node }) => {
    return { place: table + (lead - least) * writer.offsetBytes, node };
  });
}

function writeList(writer: PageWriter, children: readonly PageChild[]): Pending[] {
  if (children.length === 0) return [];
  writer.byte(children.length - 1);
  for (const { lead } of children) writer.byte(lead);
  const table = writer.at;
  for (let i = 0; i < children.length; i++) writer.offset(0);
  return children.map(({ node }, i) => ({ place: table + i * writer.offsetBytes, node }));
}

/** INDEX.md 5.2.5, in the order in which they are tried. */
function writeEntries(writer: PageWriter, entries: readonly RouteEntry[]): void {
  for (const [i, entry] of entries.entries()) {
    const whole = restOf(entry);
    const hasNames = entry.capture === "rest";
    const [rest, names] = hasNames ? withoutNames(whole) : [whole === "*" ? "" : whole, ""];
    writer.byte(
      (i === entries.length - 1 ? ENTRY_LAST : 0) |
        (entry.methods !== 0 ? ENTRY_METHODS : 0) |
        (entry.hosts !== "" ? ENTRY_HOSTS : 0) |
        (entry.conditions !== "" ? ENTRY_CONDITIONS : 0) |
        (entry.conditions !== "" && entry.isSure ? ENTRY_SURE : 0) |
        (whole === "*" ? ENTRY_STAR : 0) |
        (CAPTURES[entry.capture] << ENTRY_CAPTURE),
    );
    const offsets = Number(entry.hosts !== "") + Number(entry.conditions !== "") + Number(hasNames);
    const id = entry.routeId.length + lengthBytes(entry.routeId.length);
    writer.length((entry.methods !== 0 ? 2 : 0) + offsets * writer.offsetBytes + id + rest.length);
    if (entry.methods !== 0) writer.number(entry.methods, 2);
    if (entry.hosts !== "") writer.offset(writer.hostsAt(entry.hosts));
    if (entry.conditions !== "") writer.offset(writer.placeText(withLength(entry.conditions, 3)));
    if (hasNames) writer.offset(writer.placeText(withLength(names, 2)));
    writer.text(entry.routeId);
    writer.raw(rest);
  }
}

function withLength(text: string, bytes: number): string {
  return numberText(text.length, bytes) + text;
}
