import type { Upstream } from "./upstream.ts";

/**
 * Which upstreams a deployment of the edge reaches by bindings of its Worker, beside those that every
 * deployment reaches by `fetch` and sockets. The edge knows it from its own bindings; the exporter is told.
 */
export interface Reach {
  /** Whether a binding carries what `key` names: one of `carrierKeys`. */
  carries(key: string): boolean;
}

export const NO_BINDINGS: Reach = { carries: () => false };

export function reachOf(keys: readonly string[]): Reach {
  const carried = new Set(keys);
  return { carries: (key) => carried.has(key) };
}

/** Schemes that are HTTP, but of a kind that only a binding may carry. */
const CARRIED_SCHEMES = new Set(["grpc", "grpcs"]);
const CARRIER_KEY = /^((upstreams|routes|services|ssls)\/[!-~]+|grpcs?)$/;
export const CARRIER_KEY_FORMS = "upstreams/ID, routes/ID, services/ID, ssls/ID, grpc or grpcs";

export function isCarrierKey(text: string): boolean {
  return CARRIER_KEY.test(text);
}

/**
 * The keys under which a binding for this upstream may be named, the most specific first: the resource that
 * holds it, the certificate that it presents, its scheme.
 */
export function carrierKeys(holder: string, { scheme, tls }: Upstream): readonly string[] {
  return [
    holder,
    ...(tls?.client_cert_id === undefined ? [] : [certificateKey(tls.client_cert_id)]),
    ...(CARRIED_SCHEMES.has(scheme) ? [scheme] : []),
  ];
}

export function certificateKey(id: string | number): string {
  return `ssls/${id}`;
}
