/** One metric as Prometheus has it, with its series by their labels. */
export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Of a histogram: upper bounds, in order. */
  readonly bounds?: readonly number[];
}

/** Values of one series: one, or of a histogram a count for each bucket, the one for all beyond, and the sum. */
interface Series {
  readonly values: Float64Array;
  /** As much of them as has been pushed. */
  readonly pushed: Float64Array;
}

/** Values as they were pushed, until it is known whether they arrived. */
export interface Pushed {
  readonly text: string;
  /** They did. */
  arrived(): void;
}

const NONE: readonly number[] = [];

export class Metric {
  readonly #options: MetricOptions;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  constructor(options: MetricOptions) {
    this.#options = options;
    this.#bounds = options.bounds ?? NONE;
  }

  get seriesCount(): number {
    return this.#series.size;
  }

  has(labels: string): boolean {
    return this.#series.has(labels);
  }

  add(labels: string, amount: number): void {
    const { values } = this.#of(labels, 1);
    values[0] = (values[0] ?? 0) + amount;
  }

  observe(labels: string, value: number): void {
    const { values } = this.#of(labels, this.#bounds.length + 2);
    const found = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = found < 0 ? this.#bounds.length : found;
    values[bucket] = (values[bucket] ?? 0) + 1;
    const sum = this.#bounds.length + 1;
    values[sum] = (values[sum] ?? 0) + value;
  }

  /** All of it in Prometheus' text format; "" where there is none. `more`: labels that every series gets. */
  text(more = ""): string {
    const lines = [...this.#series].flatMap(([labels, { values }]) =>
      this.#lines(joined(labels, more), values),
    );
    return this.#withHead(lines);
  }

  /** What came since the last that arrived. */
  unpushed(): Pushed {
    const lines: string[] = [];
    const taken: [Series, Float64Array][] = [];
    for (const [labels, series] of this.#series) {
      const now = series.values.slice();
      const since = now.map((value, i) => value - (series.pushed[i] ?? 0));
      if (!since.some((value) => value !== 0)) continue;
      lines.push(...this.#lines(labels, since));
      taken.push([series, now]);
    }
    const arrived = () => {
      for (const [series, values] of taken) series.pushed.set(values);
    };
    return { text: this.#withHead(lines), arrived };
  }

  #of(labels: string, size: number): Series {
    let series = this.#series.get(labels);
    if (!series) {
      series = { values: new Float64Array(size), pushed: new Float64Array(size) };
      this.#series.set(labels, series);
    }
    return series;
  }

  #lines(labels: string, values: Float64Array): string[] {
    const { name, type } = this.#options;
    if (type !== "histogram") return [line(name, labels, values[0] ?? 0)];
    let count = 0;
    const buckets = [...this.#bounds, "+Inf"].map((bound, i) => {
      count += values[i] ?? 0;
      return line(`${name}_bucket`, joined(labels, `le="${bound}"`), count);
    });
    const sum = values[this.#bounds.length + 1] ?? 0;
    return [...buckets, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count)];
  }

  #withHead(lines: readonly string[]): string {
    if (lines.length === 0) return "";
    const { name, help, type } = this.#options;
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ""].join("\n");
  }
}

/** Labels as they stand between braces. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(",");
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function joined(labels: string, more: string): string {
  return [labels, more].filter((part) => part !== "").join(",");
}

function line(name: string, labels: string, value: number): string {
  return labels === "" ? `${name} ${value}` : `${name}{${labels}} ${value}`;
}
