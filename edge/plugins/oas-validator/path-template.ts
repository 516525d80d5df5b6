/** A path of a document, e.g. `/users/{id}.json`. */
export interface PathTemplate {
  /** The lower comes first where several match: what is spelled out before what is a parameter. */
  readonly rank: string;
  /** The parameters by their names; undefined: another path. */
  match(path: string): ReadonlyMap<string, string> | undefined;
}

export function parseTemplate(template: string): PathTemplate {
  const plain = template.length > 1 && template.endsWith("/") ? template.slice(0, -1) : template;
  const names: string[] = [];
  const source = plain.replace(/\{([^}]+)\}|([\\^$.*+?()[\]{}|])/g, (_all, name, special) => {
    if (name === undefined) return `\\${special}`;
    names.push(name);
    return "([^/]+?)";
  });
  const pattern = new RegExp(`^${source}$`);
  return {
    rank: plain.split("/").map(segmentRank).join("/"),
    match: (path) => {
      const found = pattern.exec(path);
      return found ? new Map(names.map((name, i) => [name, found[i + 1] ?? ""])) : undefined;
    },
  };
}

function segmentRank(segment: string): string {
  const literal = segment.replaceAll(/\{[^}]+\}/g, "");
  if (literal === segment) return "0";
  // The more of it is spelled out, the sooner.
  return `1${String(999 - Math.min(literal.length, 999)).padStart(3, "0")}`;
}
