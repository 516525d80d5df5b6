/** Where an isolate pushes what it counted. */
export interface MetricsPushSettings {
  readonly url: string;
  /** For `Authorization: Bearer …`. */
  readonly token: string | undefined;
  readonly everySeconds: number;
}

const URL_NAME = "PROMETHEUS_PUSH_URL";
const TOKEN_NAME = "PROMETHEUS_PUSH_TOKEN";
const SECONDS_NAME = "PROMETHEUS_PUSH_SECONDS";
const DEFAULT_SECONDS = 15;
/** A push has this long to arrive, so that no two are under way; and no request is kept longer than 20 s. */
const SECONDS = { least: 5, most: 20 };

/** Undefined: nothing is pushed. Adds to `problems` what is wrong. */
export function readMetricsPush(
  bindings: Readonly<Record<string, unknown>>,
  problems: string[] = [],
): MetricsPushSettings | undefined {
  const url = String(bindings[URL_NAME] ?? "");
  const seconds = String(bindings[SECONDS_NAME] || DEFAULT_SECONDS);
  const everySeconds = Number(seconds);
  if (!/^\d+$/.test(seconds) || everySeconds < SECONDS.least || everySeconds > SECONDS.most) {
    const wanted = `want a whole number from ${SECONDS.least} to ${SECONDS.most}`;
    problems.push(`${SECONDS_NAME}: found ${JSON.stringify(seconds)}, ${wanted}`);
  }
  if (url === "") return undefined;
  if (!/^https?:\/\/[^/]/.test(url)) {
    problems.push(`${URL_NAME}: found ${JSON.stringify(url)}, want https://host/path`);
  }
  const token = String(bindings[TOKEN_NAME] ?? "") || undefined;
  return { url, token, everySeconds };
}
