import type { SupportedPluginName } from "../../shared/plugins/catalogue.ts";
import { clickhouseLogger } from "./clickhouse-logger.ts";
import { echo } from "./echo.ts";
import { elasticsearchLogger } from "./elasticsearch-logger.ts";
import { googleCloudLogging } from "./google-cloud-logging/google-cloud-logging.ts";
import { httpLogger } from "./http-logger.ts";
import { lago } from "./lago.ts";
import { loggly } from "./loggly.ts";
import { lokiLogger } from "./loki-logger.ts";
import { opentelemetry } from "./opentelemetry/opentelemetry.ts";
import type { Plugin } from "./plugin.ts";
import { prometheus } from "./prometheus/prometheus.ts";
import { requestId } from "./request-id.ts";
import { skywalkingLogger } from "./skywalking-logger.ts";
import { splunkHecLogging } from "./splunk-hec-logging.ts";
import { tencentCloudCls } from "./tencent-cloud-cls/tencent-cloud-cls.ts";
import { zipkin } from "./zipkin/zipkin.ts";

/** The behaviour of every plugin that the catalogue says is supported, and no other. */
export const PLUGINS: Readonly<Record<SupportedPluginName, Plugin>> = {
  "request-id": requestId,
  zipkin,
  opentelemetry,
  prometheus,
  lago,
  "loki-logger": lokiLogger,
  "elasticsearch-logger": elasticsearchLogger,
  echo,
  loggly,
  "http-logger": httpLogger,
  "splunk-hec-logging": splunkHecLogging,
  "skywalking-logger": skywalkingLogger,
  "google-cloud-logging": googleCloudLogging,
  "clickhouse-logger": clickhouseLogger,
  "tencent-cloud-cls": tencentCloudCls,
};
