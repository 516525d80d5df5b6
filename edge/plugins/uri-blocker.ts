import { variableText } from "../../shared/expression/template.ts";
import { patternSearch } from "./pattern.ts";
import { definePlugin } from "./plugin.ts";
import { sendableStatus } from "./sendable-status.ts";

interface UriBlockerConfiguration {
  readonly block_rules: readonly string[];
  readonly case_insensitive: boolean;
  readonly rejected_code: number;
  readonly rejected_msg?: string;
}

/** `uri-blocker`: refuses what a rule finds in path and query (reference 8.2). */
export const uriBlocker = definePlugin<UriBlockerConfiguration>(() => ({
  build({ block_rules: rules, case_insensitive: ignoreCase, ...rejection }) {
    // One pattern, as in APISIX: an option inside a rule holds for the rules after it as well.
    const isFoundIn = patternSearch(`${ignoreCase ? "(?i)" : ""}${rules.join("|")}`);
    const status = sendableStatus(rejection.rejected_code);
    const { rejected_msg: message } = rejection;
    const exit = message === undefined ? { status } : { status, body: { error_msg: message } };
    return {
      rewrite(exchange) {
        // Decoded and normalised, so that no way of writing a path gets past.
        const uri = variableText(exchange.variables.get("request_uri") ?? "");
        return isFoundIn(uri) ? exit : undefined;
      },
    };
  },
}));
