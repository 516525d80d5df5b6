const HEAD_END = "\r\n\r\n";

/** By name, the last value of each field; as `multipartFields`. */
export function parseMultipart(
  body: string,
  contentType: string,
): ReadonlyMap<string, string> | undefined {
  const fields = multipartFields(body, contentType);
  return fields && new Map(fields);
}

/**
 * The fields of a `multipart/form-data` body, in their order; files count as their text. Undefined where
 * the Content-Type has no boundary.
 */
export function multipartFields(
  body: string,
  contentType: string,
): readonly (readonly [name: string, text: string])[] | undefined {
  const found = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) return undefined;
  const fields: (readonly [string, string])[] = [];
  // Every part begins after a line with the boundary; before the first is nothing of interest.
  for (const part of `\r\n${body}`.split(`\r\n--${boundary}`).slice(1)) {
    if (part.startsWith("--")) break;
    const headEnd = part.indexOf(HEAD_END);
    if (headEnd < 0) continue;
    const name = fieldName(part.slice(0, headEnd));
    if (name !== undefined) fields.push([name, part.slice(headEnd + HEAD_END.length)]);
  }
  return fields;
}

function fieldName(head: string): string | undefined {
  const disposition = /^content-disposition:(.*)$/im.exec(head)?.[1];
  const found = disposition && /;\s*name=(?:"((?:[^"\\]|\\.)*)"|([^\s;]+))/i.exec(disposition);
  return found ? (found[1]?.replaceAll(/\\(.)/g, "$1") ?? found[2]) : undefined;
}
