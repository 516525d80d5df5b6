import type { JsonObject } from "../../../shared/json-schema/lua-value.ts";
import type { EnabledPlugins } from "./enabled-plugins.ts";
import type { AdminFault } from "./fault.ts";
import type { Lookups } from "./lookups.ts";

/** What checks go by besides the value. */
export interface CheckContext {
  /** Undefined where references and duplicates are not to be looked up. */
  readonly lookups?: Lookups | undefined;
  readonly enabled: EnabledPlugins;
}

/** A value on its way through the checks of its kind. */
export interface Checked {
  /** A copy: checks fill in defaults, which are not stored. */
  readonly value: JsonObject;
  /** From the path, else the value; of a secret with its manager. Undefined where the server makes one. */
  readonly id: string | undefined;
  /** Of a credential. */
  readonly consumer?: string | undefined;
  readonly context: CheckContext;
}

export type KindCheck = (checked: Checked) => Promise<AdminFault | undefined>;
