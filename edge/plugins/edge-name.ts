/** Where Cloudflare serves a request: the airport's code of the location, e.g. `FRA`; elsewhere `edge`. */
export function edgeName(request: Request): string {
  const colo = request.cf?.colo;
  return typeof colo === "string" && colo !== "" ? colo : "edge";
}
