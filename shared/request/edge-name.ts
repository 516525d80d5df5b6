/** What stands for nginx's `$hostname`: the airport's code of Cloudflare's location, `FRA`; elsewhere `edge`. */
export function edgeName(request: object): string {
  const { cf } = request as { readonly cf?: Readonly<Record<string, unknown>> };
  const colo = cf?.colo;
  return typeof colo === "string" && colo !== "" ? colo : "edge";
}
