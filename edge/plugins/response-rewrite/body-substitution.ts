import { bytesOf, latin1 } from "../../../shared/routing/uri-bytes.ts";
import { wholeBody } from "../body-filters.ts";
import { parseSubstitution } from "../parse-substitution.ts";
import type { BodyFilter } from "../plugin.ts";

export interface FilterConfiguration {
  readonly regex: string;
  readonly replace: string;
  readonly scope: "once" | "global";
  /** As OpenResty takes them. */
  readonly options: string;
}

type Encoding = "none" | "gzip" | "undecodable";

/** What a body is encoded in. APISIX undoes gzip and Brotli, of which a Worker has no decoder. */
export function decodableEncoding(header: string | null): Encoding {
  const name = header?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return "none";
  return name === "gzip" ? "gzip" : "undecodable";
}

/**
 * Replaces in bodies, one filter after the other. Undefined for an encoding that cannot be undone: such a
 * body stays as it is. Of one beyond `maxBytes` no more is seen, or sent. Throws `ConfigurationRefused`.
 */
export function substituteIn(
  filters: readonly FilterConfiguration[],
  maxBytes: number,
): (encoding: Encoding) => BodyFilter | undefined {
  const parsed = filters.map(({ regex, replace, scope, options }) => ({
    isGlobal: scope === "global",
    substitution: parseSubstitution(regex, replace, options),
  }));
  const substitute = wholeBodyOf((bytes) => {
    let text = latin1(bytes);
    for (const { isGlobal, substitution } of parsed) {
      text = isGlobal
        ? substitution.replaceAllBytes(text)
        : (substitution.replaceFirstBytes(text) ?? text);
    }
    return bytesOf(text);
  }, maxBytes);
  return (encoding) => {
    if (encoding === "none") return substitute();
    if (encoding === "undecodable") return undefined;
    return (body) => substitute()(body.pipeThrough(new DecompressionStream(encoding)));
  };
}

/** A filter keeps what it has seen, so each answer has one of its own. */
function wholeBodyOf(change: (bytes: Uint8Array) => Uint8Array, maxBytes: number) {
  return (): BodyFilter => wholeBody(maxBytes, change);
}
