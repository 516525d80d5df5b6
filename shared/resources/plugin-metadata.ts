import { type Static, Type } from "typebox";

/** What a plugin knows beside the configuration of its uses; the id is the plugin's name. */
export const PluginMetadataSchema = Type.Record(Type.String(), Type.Unknown());

export type PluginMetadata = Readonly<Static<typeof PluginMetadataSchema>>;
