import { parseHttpDate } from "../http-date.ts";

/** Whether a client has the kept answer already (RFC 9110 13.1.2 and 13.1.3, dates as nginx compares them). */
export function isNotModified(request: Headers, answer: Headers): boolean {
  const known = request.get("if-none-match");
  const tag = answer.get("etag");
  if (known !== null) {
    if (known.trim() === "*") return true;
    return tag !== null && tagsIn(known).includes(opaque(tag.trim()));
  }
  const since = request.get("if-modified-since");
  const modified = parseHttpDate(answer.get("last-modified") ?? "");
  return since !== null && modified !== undefined && parseHttpDate(since) === modified;
}

function tagsIn(list: string): string[] {
  return (list.match(/(?:W\/)?"[^"]*"/g) ?? []).map(opaque);
}

/** Weak tags compare as strong ones. */
function opaque(tag: string): string {
  return tag.replace(/^W\//, "");
}
