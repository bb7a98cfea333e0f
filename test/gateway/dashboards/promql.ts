/**
 * Enough of PromQL to hold the expressions of dashboards and alerts against the metrics that there are: every name,
 * label, literal label value, and what kind of metric a function is given. What it does not know, it refuses.
 */

/** What a scrape has of one metric. */
export interface Known {
  readonly type: "counter" | "gauge" | "histogram";
  /** Labels, with the values that were seen. */
  readonly labels: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Metrics by their names as they are in expressions: a histogram as its `_bucket`, `_sum` and `_count`. */
export type Vocabulary = ReadonlyMap<string, Known>;

/** Labels that Prometheus gives to whatever it scrapes. */
export const SCRAPE_LABELS: readonly string[] = ["instance", "job"];

/** Labels whose values are in no setting and no record: one that is not seen is misspelt. */
const CLOSED_LABELS: readonly string[] = ["code", "door", "listener", "reason", "request", "type"];

const COUNTER_FUNCTIONS = ["rate", "increase"];
const GAUGE_FUNCTIONS = ["changes", "delta", "deriv", "predict_linear"];
const AGGREGATIONS = ["sum", "count", "max", "min", "avg", "topk", "bottomk"];
const OTHER_FUNCTIONS = ["histogram_quantile", "time", "vector"];
const FUNCTIONS = [...COUNTER_FUNCTIONS, ...GAUGE_FUNCTIONS, ...AGGREGATIONS, ...OTHER_FUNCTIONS];
const LABEL_LISTS = ["by", "on"];
const OPERATORS = ["and", "or", "unless"];

const TOKEN =
  /\s+|(?<text>"(?:[^"\\]|\\.)*")|(?<range>\[(?:\d+[smhd]|\$__rate_interval|\$__range)\])|(?<word>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?<number>\d+(?:\.\d+)?(?:e\d+)?)|(?<sign>=~|!~|!=|==|>=|<=|[-+*/<>=(){},])/y;

interface Token {
  readonly kind: "text" | "range" | "word" | "number" | "sign" | "end";
  readonly text: string;
}

/** What is wrong with an expression, and the labels that its result may have. */
export interface Checked {
  readonly problems: readonly string[];
  readonly metrics: readonly string[];
  readonly labels: ReadonlySet<string>;
}

export function checkExpression(expression: string, vocabulary: Vocabulary): Checked {
  const checker = new Checker(expression, vocabulary);
  checker.check();
  return { problems: checker.problems, metrics: checker.metrics, labels: checker.labels };
}

class Checker {
  readonly problems: string[] = [];
  readonly metrics: string[] = [];
  readonly labels = new Set<string>(SCRAPE_LABELS);
  readonly #vocabulary: Vocabulary;
  readonly #tokens: readonly Token[];
  #at = 0;
  /** The function of each bracket that is open; null for a plain one. */
  readonly #open: (string | null)[] = [];
  readonly #grouped = new Set<string>();

  constructor(expression: string, vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    this.#tokens = this.#split(expression);
  }

  check(): void {
    while (this.#peek().kind !== "end") this.#step();
    if (this.#open.length > 0) this.problems.push("a bracket is not closed");
    for (const label of this.#grouped) {
      if (!this.labels.has(label)) this.problems.push(`no metric here has the label ${label}`);
    }
  }

  #split(expression: string): readonly Token[] {
    const tokens: Token[] = [];
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < expression.length) {
      const at = TOKEN.lastIndex;
      const groups = TOKEN.exec(expression)?.groups;
      if (groups === undefined) {
        this.problems.push(`not understood: ${expression.slice(at, at + 20)}`);
        break;
      }
      for (const kind of ["text", "range", "word", "number", "sign"] as const) {
        const text = groups[kind];
        if (text !== undefined) tokens.push({ kind, text });
      }
    }
    return tokens;
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? { kind: "end", text: "" };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #step(): void {
    const { kind, text } = this.#next();
    if (kind === "word") this.#word(text);
    else if (kind === "range" || kind === "text") this.problems.push(`${text} follows no metric`);
    else if (text === "(") this.#open.push(null);
    else if (text === ")") {
      if (this.#open.pop() === undefined) this.problems.push("a bracket too many is closed");
    } else if (text === "{" || text === "}" || text === "=" || text === "=~")
      this.problems.push(`${text} follows no metric`);
  }

  #word(word: string): void {
    if (OPERATORS.includes(word)) return;
    if (LABEL_LISTS.includes(word)) {
      for (const label of this.#list()) this.#grouped.add(label);
      return;
    }
    if (FUNCTIONS.includes(word)) this.#function(word);
    else if (this.#peek().text === "(") this.problems.push(`no function ${word}`);
    else this.#metric(word);
  }

  #function(name: string): void {
    let by: readonly string[] = [];
    if (this.#peek().text === "by") {
      this.#next();
      by = this.#list();
      for (const label of by) this.#grouped.add(label);
    }
    if (this.#next().text !== "(") this.problems.push(`${name} has no arguments`);
    this.#open.push(AGGREGATIONS.includes(name) && by.includes("le") ? "by le" : name);
  }

  #list(): readonly string[] {
    const labels: string[] = [];
    if (this.#next().text !== "(") this.problems.push("a list of labels is missing");
    for (let token = this.#next(); token.text !== ")"; token = this.#next()) {
      if (token.kind === "word") labels.push(token.text);
      else if (token.text !== ",") {
        this.problems.push(`${token.text} is no label`);
        break;
      }
    }
    return labels;
  }

  #metric(name: string): void {
    const known = this.#vocabulary.get(name);
    this.metrics.push(name);
    if (known === undefined) this.problems.push(`no metric ${name}`);
    for (const label of known?.labels.keys() ?? []) this.labels.add(label);
    if (this.#peek().text === "{") this.#matchers(name, known);
    const ranged = this.#peek().kind === "range";
    if (ranged) this.#next();
    this.#use(name, known, ranged);
  }

  #matchers(name: string, known: Known | undefined): void {
    this.#next();
    while (this.#peek().text !== "}") {
      const label = this.#next().text;
      const operator = this.#next().text;
      const value = this.#next();
      if (!/^(=|!=|=~|!~)$/.test(operator) || value.kind !== "text") {
        this.problems.push(`${name} has a matcher that is none`);
        return;
      }
      this.#matcher(name, known, label, value.text.slice(1, -1));
      if (this.#peek().text === ",") this.#next();
    }
    this.#next();
  }

  #matcher(name: string, known: Known | undefined, label: string, text: string): void {
    if (known === undefined || SCRAPE_LABELS.includes(label)) return;
    const values = known.labels.get(label);
    if (values === undefined) this.problems.push(`${name} has no label ${label}`);
    else if (CLOSED_LABELS.includes(label))
      for (const value of text.split("|"))
        if (!values.has(value)) this.problems.push(`${name} has no ${label} ${value}`);
  }

  /** Counters only ever grow, so that it is their rate that tells; buckets make sense as quantiles alone. */
  #use(name: string, known: Known | undefined, ranged: boolean): void {
    const inner = this.#open.at(-1) ?? "";
    const counts = COUNTER_FUNCTIONS.includes(inner);
    const takesRange = counts || GAUGE_FUNCTIONS.includes(inner);
    if (takesRange !== ranged)
      this.problems.push(`${name} ${ranged ? "must not have" : "has to have"} a range in ${inner || "this"}`);
    if (known === undefined) return;
    if (known.type === "gauge" && counts) this.problems.push(`${inner} of the gauge ${name}`);
    if (known.type !== "gauge" && !counts) this.problems.push(`${name} without rate or increase`);
    const isBucket = known.type === "histogram" && name.endsWith("_bucket");
    const inQuantile = this.#open.includes("histogram_quantile");
    if (isBucket !== inQuantile) this.problems.push(`histogram_quantile goes with _bucket, not ${name}`);
    if (inQuantile && !this.#open.includes("by le")) this.problems.push(`${name} is summed without le`);
  }
}
