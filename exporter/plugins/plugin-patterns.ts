import { isObject, type JsonObject } from "../../shared/json-schema/lua-value.ts";
import { type InnerPlace, placesAt, type Steps, stepsOf } from "./inner-places.ts";

/** Where plugins' configurations have regular expressions and conditions, which the edge evaluates itself. */

/** `patterns` are PCRE, `conditions` lua-resty-expr's, `schemas` JSON Schema, which has patterns in it. */
interface Held {
  readonly patterns?: readonly string[];
  readonly conditions?: readonly string[];
  readonly schemas?: readonly string[];
}

/** Of which requests and answers loggers take the body. */
const LOGGED_BODIES = ["include_req_body_expr", "include_resp_body_expr"];

const HELD: ReadonlyMap<string, Held> = new Map<string, Held>([
  ["uri-blocker", { patterns: ["block_rules[]"] }],
  ["ua-restriction", { patterns: ["allowlist[]", "denylist[]"] }],
  ["cors", { patterns: ["allow_origins_by_regex[]", "timing_allow_origins_by_regex[]"] }],
  ["proxy-rewrite", { patterns: ["regex_uri[::2]"] }],
  ["redirect", { patterns: ["regex_uri[::2]"] }],
  ["response-rewrite", { patterns: ["filters[].regex"], conditions: ["vars"] }],
  ["data-mask", { patterns: ["request[].regex"] }],
  ["ai-prompt-guard", { patterns: ["allow_patterns[]", "deny_patterns[]"] }],
  ["request-validation", { schemas: ["body_schema", "header_schema"] }],
  ["openid-connect", { schemas: ["claim_schema"] }],
  ["traffic-split", { conditions: ["rules[].match[].vars"] }],
  ["traffic-label", { conditions: ["rules[].match"] }],
  ["fault-injection", { conditions: ["abort.vars[]", "delay.vars[]"] }],
  ["workflow", { conditions: ["rules[].case"] }],
  ["chaitin-waf", { conditions: ["match[].vars"] }],
  ["file-logger", { conditions: LOGGED_BODIES }],
  ["http-logger", { conditions: LOGGED_BODIES }],
  ["kafka-logger", { conditions: LOGGED_BODIES }],
  ["loki-logger", { conditions: LOGGED_BODIES }],
  ["rocketmq-logger", { conditions: LOGGED_BODIES }],
]);

const FILTER = stepsOf("_meta.filter");

const stepsByPlugin: ReadonlyMap<string, Readonly<Record<keyof Held, readonly Steps[]>>> = new Map(
  [...HELD].map(([plugin, { patterns = [], conditions = [], schemas = [] }]) => [
    plugin,
    {
      patterns: patterns.map(stepsOf),
      conditions: conditions.map(stepsOf),
      schemas: schemas.map(stepsOf),
    },
  ]),
);

function stepsFor(plugin: string, what: keyof Held): readonly Steps[] {
  return stepsByPlugin.get(plugin)?.[what] ?? [];
}

/** The conditions of a plugin, and the one on which it runs at all. */
export function conditionsIn(plugin: string, conf: JsonObject): readonly InnerPlace[] {
  return [FILTER, ...stepsFor(plugin, "conditions")].flatMap((steps) => placesAt(conf, steps));
}

/** The regular expressions of a plugin; the value of each place is a text. */
export function patternsIn(plugin: string, conf: JsonObject): readonly PlacedPattern[] {
  const places = (what: keyof Held) =>
    stepsFor(plugin, what).flatMap((steps) => placesAt(conf, steps));
  return [...places("patterns"), ...places("schemas").flatMap(patternsOfSchema)].filter(
    (place): place is PlacedPattern => typeof place.value === "string",
  );
}

type PlacedPattern = InnerPlace & { readonly value: string };

/** What a schema compares with, and so is no schema itself. */
const VALUES = new Set(["const", "default", "enum", "examples"]);

/** The walk goes as deep as the value, which is bounded. */
function patternsOfSchema({ way, value }: InnerPlace): readonly InnerPlace[] {
  if (Array.isArray(value)) {
    return value.flatMap((inner, at) => patternsOfSchema({ way: [...way, at], value: inner }));
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const place = { way: [...way, name], value: inner };
    if (name === "pattern" && typeof inner === "string") return [place];
    if (VALUES.has(name)) return [];
    const names =
      name === "patternProperties" && isObject(inner)
        ? Object.keys(inner).map((pattern) => ({ way: [...place.way, pattern], value: pattern }))
        : [];
    return [...names, ...patternsOfSchema(place)];
  });
}
