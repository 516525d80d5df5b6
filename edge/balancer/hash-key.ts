import { fillTemplate, variableText } from "../../shared/expression/template.ts";
import type { JsonValue, Variables } from "../../shared/expression/variables.ts";
import type { Upstream } from "../../shared/resources/upstream.ts";
import { encodeUri, MAX_BYTES_PER_UNIT } from "../../shared/routing/uri-bytes.ts";

/** What of a request decides its node. Throws `BodyNeeded` where that lies in a body not read yet. */
export type HashKey = (variables: Variables) => Uint8Array;

/** The client's address stands in where the request has nothing of the kind. */
export function hashKeyOf(upstream: Pick<Upstream, "hash_on" | "key">): HashKey {
  const sought = soughtIn(upstream);
  return (variables) => {
    const value = sought(variables);
    const isThere = value !== undefined && value !== null && value !== false;
    return bytesOf(variableText(isThere ? value : (variables.get("remote_addr") ?? "")));
  };
}

type Sought = (variables: Variables) => JsonValue | undefined;

function soughtIn({ hash_on: hashOn, key = "" }: Pick<Upstream, "hash_on" | "key">): Sought {
  if (hashOn === "vars_combinations") {
    return (variables) => {
      const { text, resolved } = fillTemplate(key, variables);
      return resolved === 0 ? undefined : text;
    };
  }
  const name = variableName(hashOn, key);
  return (variables) => variables.get(name);
}

function variableName(hashOn: string, key: string): string {
  if (hashOn === "header") return `http_${key}`;
  if (hashOn === "cookie") return `cookie_${key}`;
  return hashOn === "consumer" ? "consumer_name" : key;
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * MAX_BYTES_PER_UNIT);
  return bytes.subarray(0, encodeUri(text, bytes));
}
