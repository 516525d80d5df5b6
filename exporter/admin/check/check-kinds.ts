import { checkSchema } from "../../../shared/json-schema/check-schema.ts";
import { isObject, type JsonObject, luaText } from "../../../shared/json-schema/lua-value.ts";
import type { ValueFault } from "../../../shared/json-schema/value-fault.ts";
import type { KindName } from "../../../shared/resources/resource-key.ts";
import { configurationFault } from "../../plugins/check-plugin.ts";
import { pluginSchema } from "../../plugins/plugin-schema.ts";
import { RESOURCE_SCHEMAS, type SchemaName, SECRET_SCHEMAS } from "../schema/resource-schemas.ts";
import { certificateFault } from "./check-certificate.ts";
import { checkConsumer, checkCredential } from "./check-consumer.ts";
import type { Checked, KindCheck } from "./check-context.ts";
import { checkPlugins } from "./check-plugins.ts";
import { checkRoute, checkService, checkStreamRoute } from "./check-route.ts";
import { upstreamFault } from "./check-upstream.ts";
import { type AdminFault, refused } from "./fault.ts";
import { protoSourceFault } from "./proto-source.ts";

const invalid = ({ words }: ValueFault) => refused(`invalid configuration: ${words}`);

const checkUpstream: KindCheck = async ({ value, context }) => {
  const fault = await upstreamFault(value, context.lookups);
  return fault === undefined ? undefined : refused(fault);
};

/** Plugin configs and consumer groups; a global rule besides may not have what another has. */
const checkPluginSet =
  (schema: SchemaName): KindCheck =>
  async (checked) => {
    const { value, context } = checked;
    const fault = checkSchema(RESOURCE_SCHEMAS[schema], value);
    if (fault !== undefined) return invalid(fault);
    if (!isObject(value.plugins)) return undefined;
    const place = { subsystem: "http", use: "plugin", enabled: context.enabled } as const;
    const plugins = checkPlugins(value.plugins, place);
    if (plugins !== undefined) return refused(plugins);
    return schema === "global_rule" ? checkOtherRules(value.plugins, checked) : undefined;
  };

/** The data plane would run a plugin that two rules have in neither. */
async function checkOtherRules(
  plugins: JsonObject,
  { id, context }: Checked,
): Promise<AdminFault | undefined> {
  for (const plugin of Object.keys(plugins)) {
    const rules = (await context.lookups?.globalRulesWith(plugin)) ?? [];
    const other = rules.find((rule) => rule !== id);
    if (other !== undefined) {
      return refused(`plugin '${plugin}' already exists in global rule with id '${other}'`);
    }
  }
  return undefined;
}

const checkProto: KindCheck = async ({ value }) => {
  const schema = checkSchema(RESOURCE_SCHEMAS.proto, value);
  if (schema !== undefined) return invalid(schema);
  const fault = protoSourceFault(luaText(value.content));
  return fault === undefined ? undefined : refused(`invalid content: ${fault}`);
};

const checkSsl: KindCheck = async ({ value }) => {
  const schema = checkSchema(RESOURCE_SCHEMAS.ssl, value, { allowsReferences: true });
  if (schema !== undefined) return invalid(schema);
  const fault = certificateFault(value.cert, value.key) ?? serverPairsFault(value);
  return fault === undefined ? undefined : refused(fault);
};

/** More pairs, and the authority of clients' certificates, of a server's certificate. */
function serverPairsFault({ type, certs, keys, client }: JsonObject): string | undefined {
  if (type === "client") return undefined;
  const [moreCerts, moreKeys] = [certs, keys].map((list) => (Array.isArray(list) ? list : []));
  if (moreCerts?.length !== moreKeys?.length) return "mismatched number of certs and keys";
  for (const [index, cert] of (moreCerts ?? []).entries()) {
    const fault = certificateFault(cert, moreKeys?.[index]);
    if (fault !== undefined) return `failed to handle cert-key pair[${index + 1}]: ${fault}`;
  }
  const authority = isObject(client) ? certificateFault(client.ca) : undefined;
  return authority && `failed to validate client_cert: ${authority}`;
}

/** The manager is the first part of the id, and decides the schema. */
const checkSecret: KindCheck = async ({ value, id }) => {
  const manager = (id ?? "").split("/", 1)[0] ?? "";
  const schema = SECRET_SCHEMAS.get(manager);
  if (schema === undefined) return refused(`invalid secret manager: ${manager}`);
  const fault = checkSchema(schema, value, { allowsReferences: true });
  return fault === undefined ? undefined : invalid(fault);
};

/** For plugins that are not enabled as well: metadata may be there before the plugin is. */
const checkPluginMetadata: KindCheck = async ({ value, id }) => {
  if (id === undefined) return refused("missing plugin name");
  const subsystem = (["http", "stream"] as const).find(
    (one) => pluginSchema(one, id, "plugin") !== undefined,
  );
  if (subsystem === undefined) return refused("invalid plugin name");
  const fault = configurationFault(subsystem, id, value, "metadata");
  return fault === undefined ? undefined : invalid(fault);
};

export const KIND_CHECKS: Readonly<Record<KindName, KindCheck>> = {
  routes: checkRoute,
  services: checkService,
  upstreams: checkUpstream,
  stream_routes: checkStreamRoute,
  plugin_configs: checkPluginSet("plugin_config"),
  consumer_groups: checkPluginSet("consumer_group"),
  global_rules: checkPluginSet("global_rule"),
  consumers: checkConsumer,
  credentials: checkCredential,
  protos: checkProto,
  ssls: checkSsl,
  secrets: checkSecret,
  plugin_metadata: checkPluginMetadata,
};
