import {
  isObject,
  type JsonObject,
  luaText,
  luaType,
  setField,
} from "../../../shared/json-schema/lua-value.ts";
import type { AdminKind, WriteMethod } from "./admin-kinds.ts";
import type { CheckContext } from "./check-context.ts";
import { KIND_CHECKS } from "./check-kinds.ts";
import { type AdminFault, refused } from "./fault.ts";

/** A value that someone wants stored. */
export interface WriteRequest {
  readonly kind: AdminKind;
  readonly method: WriteMethod;
  /** From the path; of a secret with its manager: `vault/1`. */
  readonly id?: string | undefined;
  /** From the path of a credential. */
  readonly consumer?: string | undefined;
  /** Undefined where there was no body; for PATCH what the patch makes of the stored value. */
  readonly value: unknown;
}

export type CheckOutcome =
  | {
      readonly is: "valid";
      /** Undefined where the server makes one. */
      readonly id: string | undefined;
      /** What to store: as it was sent, with its id where its kind stores one. */
      readonly value: JsonObject;
    }
  | { readonly is: "refused"; readonly fault: AdminFault };

/**
 * Whether the Admin API would store the value, and what it says if not (reference 9.5): the method, the id,
 * the times, then all that its kind asks. Rejects only where a lookup does.
 */
export async function checkResource(
  request: WriteRequest,
  context: CheckContext,
): Promise<CheckOutcome> {
  const { kind, method, value } = request;
  const refuse = (fault: AdminFault): CheckOutcome => ({ is: "refused", fault });
  if (kind.unsupported.includes(method)) {
    return refuse(refused(`not supported \`${method}\` method for ${kind.word}`, 405));
  }
  if (value === undefined) return refuse(refused("missing configurations"));
  if (!isObject(value)) {
    const wrong = `wrong type: expected object, got ${luaType(value)}`;
    return refuse(refused(`invalid configuration: ${wrong}`));
  }
  const stored: JsonObject = { ...value };
  const id = kind.hasNoId ? request.id : takeId(request, stored);
  if (typeof id === "object") return refuse(id);
  const times = method === "PATCH" ? undefined : checkTimes(value);
  if (times !== undefined) return refuse(times);
  const fault = await KIND_CHECKS[kind.name]({
    value: structuredClone(stored),
    id,
    consumer: request.consumer,
    context,
  });
  if (fault !== undefined) return refuse(fault);
  // Shown, though no field of the check.
  if (kind.name === "plugin_metadata") setField(stored, "id", id);
  return {
    is: "valid",
    id: kind.name === "consumers" ? luaText(value.username) : id,
    value: stored,
  };
}

/** The id, which the value gets as well; the path's and the value's have to be the same. */
function takeId(
  { kind, method, id: ofPath }: WriteRequest,
  value: JsonObject,
): string | AdminFault | undefined {
  const ofValue = Object.hasOwn(value, "id") ? value.id : undefined;
  const id = ofPath ?? ofValue;
  if (method === "POST") {
    return id === undefined ? undefined : refused(`wrong ${kind.word} id, do not need it`);
  }
  if (id === undefined) return refused(`missing ${kind.word} id`);
  if (ofValue !== undefined && luaText(ofValue) !== luaText(id)) {
    return refused(`wrong ${kind.word} id`);
  }
  setField(value, "id", id);
  return luaText(id);
}

/** The server sets them. */
function checkTimes(value: JsonObject): AdminFault | undefined {
  const time = ["create_time", "update_time"].find((name) => Object.hasOwn(value, name));
  // The two spaces are APISIX's.
  return time === undefined ? undefined : refused(`the property is forbidden:  ${time}`);
}
