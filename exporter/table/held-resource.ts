import type { Reach } from "../../shared/resources/reach.ts";
import type { Resource } from "../../shared/resources/resource.ts";
import { parseResourceKey } from "../../shared/resources/resource-key.ts";
import type { Body } from "../../shared/snapshot/body-chunk.ts";
import { checkedUpstreamOf } from "../health/checked-upstream.ts";
import type { Notice } from "../rejection.ts";
import { noticesOf } from "../validate/notices.ts";
import { referencesOf } from "../validate/references.ts";
import { dnsServicesOf, fillInNodes, type NodesOf } from "./discovered-nodes.ts";
import { identitiesOf } from "./identities.ts";
import { PackedText } from "./packed-text.ts";
import { pluginReferencesOf } from "./plugin-references.ts";

const NOTHING: readonly string[] = [];

/** A resource as the table keeps it: its text, and what is asked too often to be parsed for. */
export class HeldResource extends PackedText implements Body {
  readonly key: string;
  /** How many notices it gives by itself, whatever else is in the table. */
  readonly notices: number;
  /** The keys it refers to, below the prefix. */
  readonly refersTo: readonly string[];
  /** The same of its plugins, which are looked for when a request comes. */
  readonly pluginsReferTo: readonly string[];
  /** Of a consumer or credential: what tells it from all others. */
  readonly identities: readonly string[];
  /** Whether it holds an upstream with active checks. */
  readonly isChecked: boolean;
  /** The services whose nodes DNS gives it. */
  readonly services: readonly string[];

  /** `json` is `resource` as it is published. */
  constructor(json: string, resource: Resource, notices: number, isChecked: boolean) {
    super(json);
    this.key = resource.key;
    this.notices = notices;
    this.services = dnsServicesOf(resource);
    const references = referencesOf(resource);
    this.refersTo = orNothing(references);
    this.pluginsReferTo = orNothing(pluginReferencesOf(resource.kind, resource.value));
    this.identities = orNothing(identitiesOf(resource.kind, resource.value));
    this.isChecked = isChecked;
  }

  get json(): string {
    return this.read();
  }

  /** Parses it anew each time. */
  parse(): Resource {
    return parseBody(this.key, this.read());
  }

  get modRevision(): number {
    return this.parse().modRevision;
  }
}

/** What is kept of a resource that has these notices. */
export function holdResource(
  resource: Resource,
  notices: readonly Notice[],
  reach: Reach,
): HeldResource {
  const { value, modRevision } = resource;
  const json = JSON.stringify({ value, modRevision });
  return new HeldResource(json, resource, notices.length, isChecked(resource, reach));
}

/** The same with the nodes that its services have now; `held` itself where they are what it has. */
export function withNodes(held: HeldResource, nodesOf: NodesOf): HeldResource {
  if (held.services.length === 0) return held;
  const resource = fillInNodes(held.parse(), nodesOf);
  const { value, modRevision } = resource;
  const json = JSON.stringify({ value, modRevision });
  return json === held.json ? held : new HeldResource(json, resource, held.notices, held.isChecked);
}

/** What is kept of a body that was published before, byte for byte. */
export function holdBody(key: string, json: string, wholeKey: string, reach: Reach): HeldResource {
  const resource = parseBody(key, json);
  const notices = noticesOf(resource, wholeKey, reach);
  return new HeldResource(json, resource, notices.length, isChecked(resource, reach));
}

function isChecked(resource: Resource, reach: Reach): boolean {
  return checkedUpstreamOf(resource, reach) !== undefined;
}

/** Most have none, and there may be a million of them. */
function orNothing(list: readonly string[]): readonly string[] {
  return list.length === 0 ? NOTHING : list;
}

/** FORMAT.md 5.3: a resource from its body. */
export function parseBody(key: string, json: string): Resource {
  const parsed = parseResourceKey(key);
  if (parsed.is !== "resource") throw new Error(`${key} is not the key of a resource`);
  const { value, modRevision } = JSON.parse(json) as Pick<Resource, "value" | "modRevision">;
  return { key, kind: parsed.kind, id: parsed.id, modRevision, value };
}
