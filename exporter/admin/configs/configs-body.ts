import { isObject, type JsonObject } from "../../../shared/json-schema/lua-value.ts";
import { parseYaml } from "../../table/read-standalone.ts";
import { misfitOf } from "../../validate/json.ts";
import type { AdminCall } from "../admin-api.ts";
import { refusal } from "../answer.ts";
import { parseBody } from "../check/parse-body.ts";

/** Bytes of a whole configuration; APISIX has no limit here. */
export const MOST_OF_CONFIGS = 32 << 20;

/** The body as a map of lists, from JSON or YAML. Throws a `Refusal`. */
export async function readConfigsBody({
  header,
  bytes,
}: Pick<AdminCall, "header" | "bytes">): Promise<JsonObject> {
  const body = await bytes(MOST_OF_CONFIGS);
  if (body.byteLength === 0) throw wrong("empty request body");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body);
  } catch {
    throw wrong("bytes that are not UTF-8");
  }
  const isYaml = /^application\/(x-)?yaml/i.test(header("content-type") ?? "");
  const value = isYaml ? yamlValue(text) : jsonValue(body);
  const misfit = misfitOf(value);
  if (misfit) throw wrong(`found ${misfit.found}, ${misfit.wanted}`);
  if (!isObject(value) || Array.isArray(value)) throw wrong("it is no map of lists");
  return value;
}

function jsonValue(bytes: Uint8Array): unknown {
  const parsed = parseBody(bytes, MOST_OF_CONFIGS);
  if ("fault" in parsed) throw refusal(parsed.fault.status, parsed.fault.error_msg);
  return parsed.value;
}

function yamlValue(text: string): unknown {
  const parsed = parseYaml(text);
  if ("faults" in parsed) throw wrong(parsed.faults[0] ?? "it is no YAML");
  return parsed.value;
}

function wrong(why: string): Error {
  return refusal(400, `invalid request body: ${why}`);
}
