import type { BodyFilter } from "./plugin.ts";

type Encoding = "none" | "gzip" | "undecodable";

/** What a body is encoded in. APISIX undoes gzip and Brotli, of which a Worker has no decoder. */
export function decodableEncoding({ headers }: { readonly headers: Headers }): Encoding {
  const name = headers.get("content-encoding")?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return "none";
  return name === "gzip" ? "gzip" : "undecodable";
}

/** A filter that sees the body decoded. Undefined for an encoding that cannot be undone. */
export function decodedFirst(encoding: Encoding, filter: BodyFilter): BodyFilter | undefined {
  if (encoding === "none") return filter;
  if (encoding === "undecodable") return undefined;
  return (body) => filter(body.pipeThrough(new DecompressionStream(encoding)));
}
