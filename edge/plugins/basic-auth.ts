import { decodeUri } from "../../shared/routing/uri-bytes.ts";
import {
  type AuthenticationConfiguration,
  authenticate,
  INVALID_USER,
  proven,
  unproven,
} from "./authentication.ts";
import { isRepeatedAuthorization, REPEATED } from "./authorization-header.ts";
import { decodeBase64 } from "./base64.ts";
import { definePlugin } from "./plugin.ts";
import { timingSafeEqual } from "./timing-safe-equal.ts";

/** `basic-auth`: a name and a password (RFC 7617, as far as APISIX follows it; reference 8.1). */
export const basicAuth = definePlugin<AuthenticationConfiguration>(() => ({
  build: (configuration) => ({
    rewrite: authenticate({
      scheme: "Basic",
      configuration,
      async prove(exchange) {
        const header = exchange.header("authorization");
        if (header === null) return unproven("Missing authorization in request");
        if (isRepeatedAuthorization(exchange)) return REPEATED;
        const credentials = readBasic(header);
        if (!credentials) return unproven("Invalid authorization in request");
        const { username, password } = credentials;
        const identity = await exchange.consumers.identified("basic-auth", username);
        const wanted = identity?.auth.password;
        // An empty one proves nothing, and a space could stand for it.
        if (!identity || typeof wanted !== "string" || wanted === "") return unproven(INVALID_USER);
        return timingSafeEqual(password, wanted) ? proven(identity) : unproven(INVALID_USER);
      },
      hide: (exchange) => exchange.headers.delete("authorization"),
    }),
  }),
}));

/**
 * What APISIX reads: of the decoded text the two pieces before a second colon, without any white space.
 * So a password that has one of either in it can never be given.
 */
function readBasic(header: string): { username: string; password: string } | undefined {
  // Anywhere in the header, as in APISIX.
  const encoded = /basic[\t\n\v\f\r ](.+)/i.exec(header)?.[1];
  const bytes = encoded === undefined ? undefined : decodeBase64(encoded);
  if (!bytes) return undefined;
  // OpenResty's split knows no empty piece at the end.
  const pieces = decodeUri(bytes, 0, bytes.length).replace(/:$/, "").split(":");
  const [username = "", password] = pieces.map((piece) => piece.replaceAll(/[\t\n\v\f\r ]/g, ""));
  return password === undefined ? undefined : { username, password };
}
