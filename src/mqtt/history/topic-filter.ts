/** A topic filter (MQTT 5, 4.7) that single topics are held against. */
export class TopicFilter {
  readonly levels: readonly string[];
  readonly #text: string;
  /** Whether it is the name of one topic. */
  readonly isTopic: boolean;

  /** The filter is valid, and not shared. */
  constructor(filter: string) {
    this.#text = filter;
    this.levels = filter.split("/");
    this.isTopic = !this.levels.includes("+") && this.levels.at(-1) !== "#";
  }

  matches(topic: string): boolean {
    if (this.isTopic) return topic === this.#text;
    const { levels } = this;
    // MQTT-4.7.2-1: a wildcard at the start does not take a `$`-topic.
    if (topic.startsWith("$") && (levels[0] === "+" || levels[0] === "#")) return false;
    let start = 0;
    for (const [index, level] of levels.entries()) {
      // `a/#` takes `a` too, where the topic has ended.
      if (level === "#") return true;
      if (start > topic.length) return false;
      const slash = topic.indexOf("/", start);
      const end = slash < 0 ? topic.length : slash;
      if (level !== "+" && (level.length !== end - start || !topic.startsWith(level, start))) return false;
      start = end + 1;
      if (index === levels.length - 1) return start > topic.length;
    }
    return false;
  }
}
