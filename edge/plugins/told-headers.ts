import type { Sender } from "../snapshot/identities.ts";

/**
 * Takes out the headers in which only the gateway may speak to the upstream, in every spelling: what
 * follows CGI (WSGI, PHP, Rack) takes `X_Name` for `X-Name`.
 */
export function dropTold(headers: Headers, names: ReadonlySet<string>): void {
  for (const name of [...headers.keys()]) if (names.has(spelling(name))) headers.delete(name);
}

/** For `dropTold`. */
export function toldNames(names: Iterable<string>): ReadonlySet<string> {
  return new Set(Array.from(names, spelling));
}

function spelling(name: string): string {
  return name.toLowerCase().replaceAll("_", "-");
}

const USERNAME = "x-consumer-username";
const CREDENTIAL = "x-credential-identifier";
const CUSTOM_ID = "x-consumer-custom-id";
const OF_CONSUMERS = toldNames([USERNAME, CREDENTIAL, CUSTOM_ID]);

/** Tells the upstream who sent the request, or that nobody is known (reference 4.5). */
export function tellConsumer(headers: Headers, sender: Sender | undefined): void {
  dropTold(headers, OF_CONSUMERS);
  if (!sender) return;
  const { consumer, credentialId } = sender;
  headers.set(USERNAME, consumer.username);
  if (credentialId !== undefined) headers.set(CREDENTIAL, credentialId);
  const customId = consumer.labels?.custom_id;
  if (customId !== undefined) headers.set(CUSTOM_ID, customId);
}
