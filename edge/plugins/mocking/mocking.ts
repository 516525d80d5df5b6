import { fillTemplate } from "../../../shared/expression/template.ts";
import { isJsonObject } from "../../../shared/json-object.ts";
import { withCharset } from "../../error-page.ts";
import { changeHeaders, type HeaderValues, headerChanges, ofAnswer } from "../header-changes.ts";
import { pause } from "../pause.ts";
import { definePlugin } from "../plugin.ts";
import { sendableStatus } from "../sendable-status.ts";
import { randomExample } from "./random-example.ts";
import { toXml } from "./to-xml.ts";

interface MockingConfiguration {
  /** Seconds. */
  readonly delay: number;
  readonly response_status: number;
  readonly content_type: string;
  readonly response_example?: string;
  readonly response_schema?: object;
  readonly response_headers?: HeaderValues;
  readonly with_mock_header: boolean;
}

/** `mocking`: an example in the upstream's place (reference 8.2). */
export const mocking = definePlugin<MockingConfiguration>(({ random, server, timers }) => ({
  build(configuration) {
    const { delay, response_headers = {}, with_mock_header: isTold } = configuration;
    const headers = headerChanges(response_headers, ofAnswer);
    const status = sendableStatus(configuration.response_status);
    const type = configuration.content_type;
    return {
      async access({ answerHeaders, variables }) {
        const fill = (template: string) => fillTemplate(template, variables).text;
        const body = fill(exampleOf(configuration, random));
        const filled = headers.filled(fill);
        answerHeaders.set("content-type", withCharset(type));
        changeHeaders(answerHeaders, filled);
        if (isTold) answerHeaders.set("x-mock-by", server);
        if (delay > 0) await pause(timers, delay * 1000);
        return { status, body };
      },
    };
  },
}));

const XML = ["application/xml", "text/xml"];
const JSON_TYPES = ["application/json", "text/plain"];

/** A schema's example is another one each time; for types of neither XML nor JSON there is none. */
function exampleOf(
  { content_type: type, response_example: example, response_schema: schema }: MockingConfiguration,
  random: () => number,
): string {
  if (example !== undefined) return example;
  const [bare = ""] = type.split(";");
  const made = isJsonObject(schema) ? randomExample({ ...schema, type: "object" }, random) : {};
  if (XML.includes(bare.trim())) return toXml(made, "data");
  return JSON_TYPES.includes(bare.trim()) ? JSON.stringify(made) : "";
}
