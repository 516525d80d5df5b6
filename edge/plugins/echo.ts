import { wrapBody } from "./body-filters.ts";
import { definePlugin } from "./plugin.ts";

interface EchoConfiguration {
  readonly before_body?: string;
  readonly body?: string;
  readonly after_body?: string;
  readonly headers?: Readonly<Record<string, string | number>>;
}

const UTF8 = new TextEncoder();

/** `echo`: puts texts around a body or in its place (reference 8.4). */
export const echo = definePlugin<EchoConfiguration>(() => ({
  build(configuration) {
    const bytes = (text: string | undefined) =>
      text === undefined ? undefined : UTF8.encode(text);
    const parts = {
      before: bytes(configuration.before_body),
      body: bytes(configuration.body),
      after: bytes(configuration.after_body),
    };
    const headers = Object.entries(configuration.headers ?? {});
    return {
      headerFilter(_exchange, answer) {
        answer.changesBody();
        for (const [name, value] of headers) answer.headers.set(name, String(value));
      },
      bodyFilter: () => wrapBody(parts),
    };
  },
}));
