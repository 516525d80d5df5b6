import { AnyObject } from "./common.ts";

/** What a plugin knows beside the configuration of its uses; the id is the plugin's name. */
export const PluginMetadataSchema = AnyObject;

export type PluginMetadata = Readonly<Record<string, unknown>>;
