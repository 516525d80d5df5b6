import { checkSchema } from "../../../shared/json-schema/check-schema.ts";
import { RESOURCE_SCHEMAS } from "../schema/resource-schemas.ts";
import { adminKind } from "./admin-kinds.ts";
import { type AdminFault, refused } from "./fault.ts";

/**
 * `POST /schema/validate/{kind}`: the schema alone, without a prefix. Plugins, conditions and references are
 * not looked at.
 */
export function validateSchema(kindName: string, value: unknown): AdminFault | undefined {
  const kind = adminKind(kindName);
  if (kind === undefined) return refused(`Unsupported resource type: ${kindName}`, 404);
  if (kind.schema === undefined) return refused(`not found schema: ${kindName}`);
  if (value === undefined) return refused("missing configurations");
  const fault = checkSchema(RESOURCE_SCHEMAS[kind.schema], structuredClone(value));
  return fault === undefined ? undefined : refused(fault.words);
}
