/** A model or policy that is wrong, or that needs more than is understood here. */
export class CasbinError extends Error {
  override readonly name = "CasbinError";
}
