import { withCharset } from "../error-page.ts";
import type { AnswerHead } from "./answer.ts";
import { wrapBody } from "./body-filters.ts";
import type { Exchange } from "./exchange.ts";
import { definePlugin } from "./plugin.ts";

interface Page {
  readonly body: string;
  readonly content_type: string;
}

interface ReadyPage {
  readonly bytes: Uint8Array;
  readonly type: string | undefined;
}

/** All of its settings; the configuration has none. `error_404` is the page for 404, and so on. */
interface ErrorPageMetadata {
  readonly enable?: boolean;
  readonly [name: string]: Partial<Page> | boolean | undefined;
}

const UTF8 = new TextEncoder();

/**
 * `error-page`: pages in place of the gateway's own answers, for the few statuses that the metadata may have
 * one for. What a node answered, or failed to, stays as it is (reference 7.3).
 */
export const errorPage = definePlugin<object>(() => ({
  build(_configuration, { metadata }) {
    const pages = pagesOf(metadata ?? {});
    if (pages.size === 0) return {};
    const pageFor = (exchange: Exchange, { status }: AnswerHead) =>
      exchange.attempts.length > 0 ? undefined : pages.get(status);
    return {
      headerFilter(exchange, answer) {
        const page = pageFor(exchange, answer);
        if (!page) return;
        answer.changesBody();
        if (page.type) answer.headers.set("content-type", page.type);
        else answer.headers.delete("content-type");
        answer.headers.set("content-length", String(page.bytes.length));
      },
      bodyFilter(exchange, answer) {
        const page = pageFor(exchange, answer);
        return page && wrapBody({ body: page.bytes });
      },
    };
  },
}));

/** Those that say something, by their status. */
function pagesOf(metadata: object): ReadonlyMap<number, ReadyPage> {
  const { enable, ...pages }: ErrorPageMetadata = { ...metadata };
  const ready = new Map<number, ReadyPage>();
  for (const [name, page] of enable ? Object.entries(pages) : []) {
    const [, status] = /^error_([45]\d\d)$/.exec(name) ?? [];
    if (!status || typeof page !== "object" || !page.body) continue;
    const type = page.content_type && withCharset(page.content_type);
    ready.set(Number(status), { bytes: UTF8.encode(page.body), type });
  }
  return ready;
}
