/**
 * Which local topics an uplink takes: names, and patterns with `*` for any run of characters. Kafka's and
 * Headwater's own topics, which start with `__`, are taken only when named in full.
 */
export class TopicFilter {
  readonly #names = new Set<string>();
  readonly #patterns: RegExp[] = [];

  constructor(topics: readonly string[]) {
    for (const topic of topics) {
      if (topic.includes("*")) this.#patterns.push(patternOf(topic));
      else this.#names.add(topic);
    }
  }

  takes(topic: string): boolean {
    if (this.#names.has(topic)) return true;
    return !topic.startsWith("__") && this.#patterns.some((pattern) => pattern.test(topic));
  }
}

function patternOf(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
