import type { Resource } from "../../shared/resources/resource.ts";
import { parseResourceKey } from "../../shared/resources/resource-key.ts";
import type { Body } from "../../shared/snapshot/body-chunk.ts";
import { checkedUpstreamOf } from "../health/checked-upstream.ts";
import type { Notice } from "../rejection.ts";
import { noticesOf } from "../validate/notices.ts";
import { referencesOf } from "../validate/references.ts";
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

  /** `json` is `resource` as it is published. */
  constructor(json: string, resource: Resource, notices: readonly Notice[]) {
    super(json);
    this.key = resource.key;
    this.notices = notices.length;
    const references = referencesOf(resource);
    this.refersTo = orNothing(references);
    this.pluginsReferTo = orNothing(pluginReferencesOf(resource.kind, resource.value));
    this.identities = orNothing(identitiesOf(resource.kind, resource.value));
    this.isChecked = checkedUpstreamOf(resource) !== undefined;
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
export function holdResource(resource: Resource, notices: readonly Notice[]): HeldResource {
  const { value, modRevision } = resource;
  return new HeldResource(JSON.stringify({ value, modRevision }), resource, notices);
}

/** What is kept of a body that was published before, byte for byte. */
export function holdBody(key: string, json: string, wholeKey: string): HeldResource {
  const resource = parseBody(key, json);
  return new HeldResource(json, resource, noticesOf(resource, wholeKey));
}

/** Most have none, and there may be a million of them. */
function orNothing(list: readonly string[]): readonly string[] {
  return list.length === 0 ? NOTHING : list;
}

function parseBody(key: string, json: string): Resource {
  const parsed = parseResourceKey(key);
  if (parsed.is !== "resource") throw new Error(`${key} is not the key of a resource`);
  const { value, modRevision } = JSON.parse(json) as Pick<Resource, "value" | "modRevision">;
  return { key, kind: parsed.kind, id: parsed.id, modRevision, value };
}
