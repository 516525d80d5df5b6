import type { JsonValue } from "../../shared/expression/variables.ts";
import { parseJson } from "../../shared/parse-json.ts";
import { isObject, writeJsonBody } from "./ai/json-body.ts";
import { type Message, messagesOf } from "./ai/messages.ts";
import { type Protocol, protocolOf } from "./ai/protocol.ts";
import type { Exchange } from "./exchange.ts";
import { type Exit, exitWith } from "./exit.ts";
import { patternSearch } from "./pattern.ts";
import { ConfigurationRefused, definePlugin } from "./plugin.ts";

interface AiPromptGuardConfiguration {
  readonly match_all_roles: boolean;
  readonly match_all_conversation_history: boolean;
  readonly allow_patterns: readonly string[];
  readonly deny_patterns: readonly string[];
  /** For a request that is no prompt. */
  readonly fail_mode: "skip" | "warn" | "error";
  readonly max_req_body_size: number;
}

type Seen = Pick<AiPromptGuardConfiguration, "match_all_roles" | "match_all_conversation_history">;

/** `ai-prompt-guard`: what prompts may say, and may not (reference 8.8). */
export const aiPromptGuard = definePlugin<AiPromptGuardConfiguration>(({ log }) => ({
  build(configuration, site) {
    const { fail_mode: failMode, max_req_body_size: maxBytes } = configuration;
    const allowed = configuration.allow_patterns.map((pattern) => searchFor(pattern));
    const denied = configuration.deny_patterns.map((pattern) => searchFor(pattern));
    const noPrompt = (reason: string): Exit | undefined => {
      if (failMode === "error") return exitWith(400, reason);
      if (failMode === "warn") log(`ai-prompt-guard of ${site.definedBy}: skipped: ${reason}`);
      return undefined;
    };
    return {
      async access(exchange): Promise<Exit | undefined> {
        const bytes = await exchange.readBody(maxBytes);
        // Too long to be looked at, so it does not pass.
        if (bytes === "too long") return exitWith(413, "request body is too large");
        if (bytes.length === 0) return exitWith(400, "Empty request body");
        const parsed = parseJson(new TextDecoder().decode(bytes));
        if ("fault" in parsed) return exitWith(400, parsed.fault);
        const body = parsed.value as JsonValue;
        const protocol = protocolOf(body, exchange.uri);
        if (!isPrompt(protocol)) return noPrompt("no matching AI protocol for the request");
        settleBody(exchange, body);
        const text = judgedText(messagesOf(body, protocol), protocol, configuration);
        if (text === undefined) return undefined;
        if (allowed.length > 0 && !allowed.some((isIn) => isIn(text))) {
          return exitWith(400, "Request doesn't match allow patterns");
        }
        if (!denied.some((isIn) => isIn(text))) return undefined;
        return exitWith(400, "Request contains prohibited content");
      },
    };
  },
}));

/** A part of a pattern that means another thing to PCRE's `u`, as APISIX looks, than byte by byte. */
const OF_CHARACTERS = [
  [/\[[^\]]*[^\0-\x7f]/, "a class with characters beyond ASCII"],
  [/[^\0-\x7f][*+?{]/, "a character beyond ASCII with a quantifier"],
  [/\(\?[a-z]*i[\s\S]*[^\0-\x7f]/, "characters beyond ASCII without their case"],
] as const;

/** Throws `ConfigurationRefused` for a pattern that would let through what APISIX's does not. */
function searchFor(pattern: string): (text: string) => boolean {
  const other = OF_CHARACTERS.find(([found]) => found.test(pattern));
  if (other) throw new ConfigurationRefused(`the pattern ${pattern} has ${other[1]}`);
  return patternSearch(pattern);
}

function isPrompt(protocol: Protocol | undefined): protocol is Protocol {
  return protocol !== undefined && protocol !== "passthrough";
}

/** What is judged is what the provider reads, whatever names the client's text had twice. */
function settleBody(exchange: Exchange, body: JsonValue): void {
  if (isObject(body)) writeJsonBody(exchange, body);
}

/** Undefined: there is nothing to judge. */
function judgedText(
  messages: readonly Message[],
  protocol: Protocol,
  { match_all_roles: allRoles, match_all_conversation_history: allHistory }: Seen,
): string | undefined {
  // The Responses API has no turns to tell the last one by: an input is one.
  const all = allHistory || protocol === "openai-responses" ? messages : messages.slice(-1);
  const judged = allRoles ? all : all.filter(({ role }) => role === "user");
  return judged.length === 0 ? undefined : judged.map(({ content }) => content).join(" ");
}
