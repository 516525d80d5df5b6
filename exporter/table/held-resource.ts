import type { Resource } from "../../shared/resources/resource.ts";
import { parseResourceKey } from "../../shared/resources/resource-key.ts";
import type { Notice } from "../rejection.ts";
import { noticesOf } from "../validate/notices.ts";
import { referencesOf } from "../validate/references.ts";

/** A resource as the table keeps it: its text, and what is asked too often to be parsed for. */
export interface HeldResource {
  /** FORMAT.md 5.3: `{"value":…,"modRevision":n}`. */
  readonly body: string;
  /** How many notices it gives by itself, whatever else is in the table. */
  readonly notices: number;
  /** The keys it refers to, below the prefix. */
  readonly refersTo: readonly string[];
}

const NOTHING: readonly string[] = [];

/** What is kept of `resource`, which has these notices. */
export function holdResource(resource: Resource, notices: readonly Notice[]): HeldResource {
  const { value, modRevision } = resource;
  const references = referencesOf(resource);
  return {
    body: JSON.stringify({ value, modRevision }),
    notices: notices.length,
    refersTo: references.length === 0 ? NOTHING : references,
  };
}

/** What is kept of a body that was published before, byte for byte. */
export function holdBody(key: string, body: string, wholeKey: string): HeldResource {
  const resource = parseBody(key, body);
  const { notices, refersTo } = holdResource(resource, noticesOf(resource, wholeKey));
  return { body, notices, refersTo };
}

export function parseBody(key: string, body: string): Resource {
  const parsed = parseResourceKey(key);
  if (parsed.is !== "resource") throw new Error(`${key} is not the key of a resource`);
  const { value, modRevision } = JSON.parse(body) as Pick<Resource, "value" | "modRevision">;
  return { key, kind: parsed.kind, id: parsed.id, modRevision, value };
}

/** The modRevision of a body, which stands at its end. */
export function modRevisionOf({ body }: HeldResource): number {
  return Number(body.slice(body.lastIndexOf(":") + 1, -1));
}
