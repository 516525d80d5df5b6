import { type Static, Type } from "typebox";
import { CLOSED, description, Id, Plugins, times } from "./common.ts";

/** A plugin set that routes share; consumer groups have the same shape. */
export const PluginConfigSchema = Type.Object(
  { id: Id, ...description, ...times, plugins: Plugins },
  CLOSED,
);

/** Plugins that run for every request. Unlike the others it has no name, description or labels. */
export const GlobalRuleSchema = Type.Object({ id: Id, ...times, plugins: Plugins }, CLOSED);

type WithId<T> = Readonly<Omit<T, "id">> & { readonly id: string };
export type PluginConfig = WithId<Static<typeof PluginConfigSchema>>;
export type ConsumerGroup = PluginConfig;
export type GlobalRule = WithId<Static<typeof GlobalRuleSchema>>;
