/**
 * Metrics that edges push, added up: each push has what one isolate counted since its last. Several exporters
 * may share the pushes; Prometheus adds their sums.
 */

/** What of a push cannot be added up, and where. */
export class UnusableMetrics extends Error {
  override readonly name = "UnusableMetrics";
}

/** One metric with its series; a histogram's have names of their own. */
interface Family {
  readonly help: string;
  readonly type: string;
  readonly series: Map<string, number>;
}

/** More than that no sound set of routes and consumers comes to. */
const MOST_SERIES = 200_000;
const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const HELP = new RegExp(`^# HELP (${NAME}) (.*)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const LABEL = `${NAME}="(?:[^"\\\\]|\\\\.)*"`;
const SAMPLE = new RegExp(`^((${NAME})(?:\\{(?:${LABEL}(?:,${LABEL})*)?\\})?) (\\S+)$`);

export class EdgeMetrics {
  readonly #families = new Map<string, Family>();
  readonly #mostSeries: number;
  #seriesCount = 0;

  constructor(mostSeries = MOST_SERIES) {
    this.#mostSeries = mostSeries;
  }

  /** Adds all of it or, where it throws `UnusableMetrics`, nothing. `text`: Prometheus' text format. */
  add(text: string): void {
    const pushed = parse(text);
    const fresh = [...pushed].reduce((count, [name, { series }]) => {
      const known = this.#families.get(name)?.series;
      return count + [...series.keys()].filter((key) => !known?.has(key)).length;
    }, 0);
    if (this.#seriesCount + fresh > this.#mostSeries) {
      throw new UnusableMetrics(`there would be more than ${this.#mostSeries} series`);
    }
    this.#seriesCount += fresh;
    for (const [name, { series, ...head }] of pushed) {
      const family = this.#families.get(name) ?? { ...head, series: new Map<string, number>() };
      this.#families.set(name, family);
      for (const [key, value] of series)
        family.series.set(key, (family.series.get(key) ?? 0) + value);
    }
  }

  /** In Prometheus' text format. */
  render(): string {
    const families = [...this.#families].map(([name, { help, type, series }]) => {
      const samples = [...series].map(([key, value]) => `${key} ${value}`);
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples, ""].join("\n");
    });
    return families.join("");
  }
}

function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let help = "";
  let current: { readonly name: string; readonly family: Family } | undefined;
  for (const [i, line] of text.split("\n").entries()) {
    if (line === "") continue;
    const helps = HELP.exec(line);
    if (helps) {
      help = helps[2] ?? "";
      continue;
    }
    const types = TYPE.exec(line);
    if (types) {
      const [, name = "", type = ""] = types;
      current = { name, family: families.get(name) ?? { help, type, series: new Map() } };
      families.set(name, current.family);
      continue;
    }
    const [, key = "", name = "", value = ""] = SAMPLE.exec(line) ?? [];
    const amount = Number(value);
    if (!current || !isOf(current.name, name) || value === "" || !(amount >= 0)) {
      throw new UnusableMetrics(`line ${i + 1} is no sample of a metric that came before it`);
    }
    const { series } = current.family;
    series.set(key, (series.get(key) ?? 0) + amount);
  }
  return families;
}

/** Of a histogram there are three. */
function isOf(family: string, name: string): boolean {
  return ["", "_bucket", "_sum", "_count"].some((ending) => name === family + ending);
}
