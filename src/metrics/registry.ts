import { assert } from "../base/assert.ts";

/**
 * Metrics as cells of typed arrays: what the hot path does is one addition, and text is made when somebody
 * scrapes. Label values are fixed when a metric is declared, so that nothing from outside can add a series.
 */
export class Counter {
  readonly #cells: Float64Array;
  readonly #index: number;

  constructor(cells: Float64Array, index: number) {
    this.#cells = cells;
    this.#index = index;
  }

  get value(): number {
    return this.#cells[this.#index] ?? 0;
  }

  add(amount: number): void {
    this.#cells[this.#index] = this.value + amount;
  }

  /** For totals that are counted elsewhere and copied before a scrape. */
  set(total: number): void {
    this.#cells[this.#index] = total;
  }
}

/** A value that goes up and down. NaN leaves the series out: not known. */
export class Gauge {
  readonly #cells: Float64Array;
  readonly #index: number;

  constructor(cells: Float64Array, index: number) {
    this.#cells = cells;
    this.#index = index;
  }

  get value(): number {
    return this.#cells[this.#index] ?? 0;
  }

  set(value: number): void {
    this.#cells[this.#index] = value;
  }
}

/** Counts of observations up to each bound; see `observe`. */
export class Histogram {
  readonly bounds: readonly number[];
  /** A cell for each bound, one for what is above them all, and the sum. */
  readonly cells: Float64Array;

  constructor(bounds: readonly number[]) {
    assert(
      bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? 0)),
      "bounds have to grow",
    );
    this.bounds = bounds;
    this.cells = new Float64Array(bounds.length + 2);
  }

  observe(value: number): void {
    let index = 0;
    while (index < this.bounds.length && value > (this.bounds[index] ?? 0)) index += 1;
    this.cells[index] = (this.cells[index] ?? 0) + 1;
    const sum = this.cells.length - 1;
    this.cells[sum] = (this.cells[sum] ?? 0) + value;
  }

  /** For observations that are counted elsewhere: how many fell under each bound alone, the last above all. */
  load(counts: readonly number[], sum: number): void {
    assert(
      counts.length === this.bounds.length + 1,
      `${counts.length} counts for ${this.bounds.length} bounds`,
    );
    this.cells.set(counts);
    this.cells[this.cells.length - 1] = sum;
  }

  get count(): number {
    let count = 0;
    for (let index = 0; index <= this.bounds.length; index++) count += this.cells[index] ?? 0;
    return count;
  }

  get sum(): number {
    return this.cells[this.cells.length - 1] ?? 0;
  }
}

/** Labels of one series, name to value. */
export type Labels = Readonly<Record<string, string>>;

/** A metric as it is written out. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Of series that come and go; else the series say it. */
  readonly labelNames?: readonly string[];
  readonly series: readonly { readonly labels: Labels; readonly metric: Counter | Gauge | Histogram }[];
}

const NAME = /^[a-z][a-z0-9_]*$/;

/** Series whose labels are others at each scrape: of the largest of many, say. There are never more than `max`. */
export class TopSeries {
  readonly max: number;
  readonly #series: { readonly labels: Labels; readonly metric: Gauge }[];

  constructor(max: number, series: { readonly labels: Labels; readonly metric: Gauge }[]) {
    this.max = max;
    this.#series = series;
  }

  /** Takes the place of what was there; beyond `max`, the last ones are left out. */
  set(rows: readonly { readonly labels: Labels; readonly value: number }[]): void {
    this.#series.length = 0;
    for (const { labels, value } of rows.slice(0, this.max)) {
      const metric = new Gauge(new Float64Array(1), 0);
      metric.set(value);
      this.#series.push({ labels, metric });
    }
  }
}

/** All metrics of a process, in the order of their declaration. */
export class Registry {
  readonly #families: Family[] = [];
  readonly #names = new Set<string>();
  readonly #collectors: (() => void)[] = [];

  get families(): readonly Family[] {
    return this.#families;
  }

  counter(name: string, help: string): Counter {
    const metric = new Counter(new Float64Array(1), 0);
    this.#declare({ name, help, type: "counter", series: [{ labels: {}, metric }] });
    return metric;
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    const metric = new Gauge(new Float64Array(1), 0);
    this.#declare({ name, help, type: "gauge", series: [{ labels, metric }] });
    return metric;
  }

  /** `bounds` grow and are in the metric's unit; what is above the last one is counted too. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const metric = new Histogram(bounds);
    this.#declare({ name, help, type: "histogram", series: [{ labels: {}, metric }] });
    return metric;
  }

  /** One counter for each value of a label. */
  counters<const Value extends string>(
    name: string,
    help: string,
    label: string,
    values: readonly Value[],
  ): Readonly<Record<Value, Counter>> {
    const cells = new Float64Array(values.length);
    const metrics = values.map((value, index) => [value, new Counter(cells, index)] as const);
    this.#declare({ name, help, type: "counter", series: labelled(label, metrics) });
    return Object.fromEntries(metrics) as Record<Value, Counter>;
  }

  /** One gauge for each value of a label. */
  gauges<const Value extends string>(
    name: string,
    help: string,
    label: string,
    values: readonly Value[],
  ): Readonly<Record<Value, Gauge>> {
    const cells = new Float64Array(values.length);
    const metrics = values.map((value, index) => [value, new Gauge(cells, index)] as const);
    this.#declare({ name, help, type: "gauge", series: labelled(label, metrics) });
    return Object.fromEntries(metrics) as Record<Value, Gauge>;
  }

  /** At most `max` gauges, whose labels are set with their values. */
  topGauges(name: string, help: string, labelNames: readonly string[], max: number): TopSeries {
    return this.#top({ name, help, type: "gauge", labelNames }, max);
  }

  /** The same of totals that somebody else counts. */
  topCounters(name: string, help: string, labelNames: readonly string[], max: number): TopSeries {
    return this.#top({ name, help, type: "counter", labelNames }, max);
  }

  #top(family: Omit<Family, "series">, max: number): TopSeries {
    const series: { readonly labels: Labels; readonly metric: Gauge }[] = [];
    this.#declare({ ...family, series });
    return new TopSeries(max, series);
  }

  /** Called before every scrape: sets what is only looked at then. */
  beforeScrape(collect: () => void): void {
    this.#collectors.push(collect);
  }

  /** Runs the collectors. */
  collect(): void {
    for (const collect of this.#collectors) collect();
  }

  #declare(family: Family): void {
    assert(NAME.test(family.name), `bad metric name ${family.name}`);
    assert(!this.#names.has(family.name), `metric ${family.name} is declared twice`);
    assert(
      family.type !== "counter" || family.name.endsWith("_total"),
      `${family.name} has to end in _total`,
    );
    this.#names.add(family.name);
    this.#families.push(family);
  }
}

function labelled<Metric>(
  label: string,
  metrics: readonly (readonly [string, Metric])[],
): { labels: Labels; metric: Metric }[] {
  return metrics.map(([value, metric]) => ({ labels: { [label]: value }, metric }));
}
