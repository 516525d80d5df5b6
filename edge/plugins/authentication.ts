import type { Sender } from "../snapshot/identities.ts";
import type { Exchange } from "./exchange.ts";
import { type Exit, exitWith } from "./exit.ts";
import { ConfigurationRefused, type Handler } from "./plugin.ts";

/** What a request proves of who sent it. */
export type Proof =
  | { readonly is: "proven"; readonly sender: Sender }
  /** `message` tells the client, in a 401. */
  | { readonly is: "unproven"; readonly message: string }
  /** Not to be let in at all, not even as `anonymous_consumer`. */
  | { readonly is: "malformed"; readonly exit: Exit };

export interface AuthenticationConfiguration {
  readonly realm: string;
  readonly hide_credentials: boolean;
  readonly anonymous_consumer?: string;
}

export interface Authentication {
  /** Of the `WWW-Authenticate` header (RFC 9110 11.6.1). */
  readonly scheme: string;
  readonly configuration: AuthenticationConfiguration;
  prove(exchange: Exchange): Promise<Proof>;
  /** For `hide_credentials`: takes what proved, or was to prove, the sender out of the request. */
  hide(exchange: Exchange, proof: Proof): void;
}

/** What key-auth, basic-auth, jwt-auth and hmac-auth have in common (reference 4.5, 8.1). */
export function authenticate(authentication: Authentication): Handler {
  const { scheme, configuration, prove, hide } = authentication;
  const { realm, hide_credentials: hides, anonymous_consumer: anonymous } = configuration;
  if (!REALM.test(realm)) throw new ConfigurationRefused("realm: want printable ASCII, no quotes");
  const refuse = (exchange: Exchange, message: string) => {
    exchange.answerHeaders.set("www-authenticate", `${scheme} realm="${realm}"`);
    return exitWith(401, message);
  };
  return async (exchange) => {
    const proof = await prove(exchange);
    if (proof.is === "malformed") return proof.exit;
    let sender = proof.is === "proven" ? proof.sender : undefined;
    if (proof.is === "unproven") {
      if (anonymous === undefined) return refuse(exchange, proof.message);
      sender = await exchange.consumers.consumer(anonymous);
    }
    if (!sender) return refuse(exchange, INVALID_USER);
    if (hides) hide(exchange, proof);
    exchange.identify(sender);
    return undefined;
  };
}

export const INVALID_USER = "Invalid user authorization";

/** Anything else would end the quoted string, or the header. */
const REALM = /^[ !#-[\]-~]{1,128}$/;

export function proven(sender: Sender): Proof {
  return { is: "proven", sender };
}

export function unproven(message: string): Proof {
  return { is: "unproven", message };
}
