/**
 * The methods that a route may name, as APISIX has them. Their order is that of the route index's bits
 * (INDEX.md 5.2.5): add at the end only.
 */
export const METHODS = [
  "GET",
  "POST",
  "PUT",
  "DELETE",
  "PATCH",
  "HEAD",
  "OPTIONS",
  "CONNECT",
  "TRACE",
  "PURGE",
] as const;
