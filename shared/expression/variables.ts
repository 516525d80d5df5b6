/** A value as JSON has it; what `post_arg.*` reads from a body may be any. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** The variables of one request, by their APISIX names: `arg_id`, `http_x_user`, `uri`, ... */
export interface Variables {
  /**
   * Undefined where the request has none of that name (Lua's nil). Throws `BodyNeeded` where only the
   * request's body can tell and it has not been read.
   */
  get(name: string): JsonValue | undefined;
}

/**
 * A variable lies in the body, which has not been read. Whoever evaluates stops; the gateway reads the
 * body and begins again. Routing is synchronous but for this, so it costs nothing until it happens.
 */
export class BodyNeeded extends Error {
  override readonly name = "BodyNeeded";

  constructor() {
    super("the request's body has not been read");
  }
}
