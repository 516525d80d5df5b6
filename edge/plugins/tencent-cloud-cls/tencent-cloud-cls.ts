import { edgeName } from "../../../shared/request/edge-name.ts";
import type { Exchange } from "../exchange.ts";
import { deliver } from "../logs/deliver.ts";
import { fieldsOf } from "../logs/log-entry.ts";
import { Logger, type LoggerSettings } from "../logs/logger.ts";
import { definePlugin } from "../plugin.ts";
import { ProtobufWriter } from "../protobuf-writer.ts";
import { clsAuthorization } from "./cls-signature.ts";

interface TencentCloudClsConfiguration extends LoggerSettings {
  readonly scheme: "http" | "https";
  readonly cls_host: string;
  readonly cls_topic: string;
  readonly secret_id: string;
  readonly secret_key: string;
  readonly sample_ratio: number;
  readonly global_tag?: Readonly<Record<string, unknown>>;
}

const PATH = "/structuredlog";
const TIMEOUT_MS = 10_000;
/** Of one value; what is beyond it is cut off, as in APISIX. */
const LONGEST_VALUE = 1024 * 1024;
/** Answers after which it makes no sense to send the same again. */
const FINAL = new Set([401, 403, 404, 413]);

/** `tencent-cloud-cls`: entries of the log to Tencent's Cloud Log Service. */
export const tencentCloudCls = definePlugin<TencentCloudClsConfiguration>((deps) => {
  const logger = new Logger(deps);
  return {
    build(configuration, site) {
      const { scheme, cls_host: host, cls_topic: topic, sample_ratio: ratio } = configuration;
      const secret = { id: configuration.secret_id, key: configuration.secret_key };
      const url = `${scheme}://${host}${PATH}?topic_id=${topic}`;
      const left = new WeakSet<Exchange>();
      const handlers = logger.handlers<Uint8Array>(configuration, site.metadata, {
        write: (entry, { exchange, outcome }) =>
          left.has(exchange)
            ? undefined
            : logMessage(
                { ...fieldsOf(entry), ...configuration.global_tag },
                { time: outcome.endedAt, source: edgeName(exchange.request) },
              ),
        async deliver(groups) {
          const list = new ProtobufWriter();
          for (const group of groups) list.bytes(LIST.group, group);
          const headers = {
            "content-type": "application/x-protobuf",
            authorization: await clsAuthorization(secret, PATH, Math.floor(deps.now() / 1000)),
          };
          const request = { url, headers, body: list.written(), timeoutMs: TIMEOUT_MS };
          const { status, text } = await deliver(deps, request, isAnswer);
          if (status !== 200) deps.log(`${configuration.name}: lost, ${status}: ${text}`);
        },
      });
      return {
        ...handlers,
        async access(exchange) {
          if (ratio < 1 && deps.random() >= ratio) left.add(exchange);
          return left.has(exchange) ? undefined : handlers.access?.(exchange);
        },
        ...(handlers.bodyFilter && {
          bodyFilter: (exchange, answer) =>
            left.has(exchange) ? undefined : handlers.bodyFilter?.(exchange, answer),
        }),
      };
    },
  };
});

const isAnswer = (status: number) => status === 200 || FINAL.has(status);

/**
 * Fields of `LogGroupList`, `LogGroup`, `Log` and `Log.Content`
 * (https://www.tencentcloud.com/document/product/614/42787).
 */
const LIST = { group: 1 };
const GROUP = { log: 1, source: 4 };
const LOG = { time: 1, content: 2 };
const CONTENT = { key: 1, value: 2 };

/** A group of one log; groups may stand one after the other. */
function logMessage(
  fields: Readonly<Record<string, unknown>>,
  { time, source }: { readonly time: number; readonly source: string },
): Uint8Array {
  const group = new ProtobufWriter();
  group.message(GROUP.log, (log) => {
    log.integer(LOG.time, time);
    for (const [key, value] of Object.entries(fields)) {
      const text = typeof value === "string" ? value : JSON.stringify(value);
      const cut = text.slice(0, LONGEST_VALUE);
      log.message(LOG.content, (content) =>
        content.text(CONTENT.key, key).text(CONTENT.value, cut),
      );
    }
  });
  return group.text(GROUP.source, source).written();
}
