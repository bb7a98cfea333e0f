import { TopicFilter } from "../history/topic-filter.ts";
import type { Qos } from "../packets/codes.ts";
import type { BridgeRule } from "./settings.ts";

/** A topic on the other side, and the QoS of the rule that says so. */
export interface Mapped {
  readonly topic: string;
  readonly qos: Qos;
}

interface Rule {
  readonly text: string;
  readonly filter: TopicFilter;
  readonly fromLength: number;
  readonly to: string;
  readonly qos: Qos;
}

/** The rules of one direction: what is subscribed or followed, and what topics become. The first that matches decides. */
export class TopicRules {
  readonly #rules: readonly Rule[];
  /** Filters on the side that messages come from. */
  readonly filters: readonly { readonly filter: string; readonly qos: Qos }[];

  constructor(rules: readonly BridgeRule[], direction: "in" | "out") {
    this.#rules = rules.map(({ pattern, qos, localPrefix, remotePrefix }) => {
      const [from, to] = direction === "in" ? [remotePrefix, localPrefix] : [localPrefix, remotePrefix];
      return {
        text: from + pattern,
        filter: new TopicFilter(from + pattern),
        fromLength: from.length,
        to,
        qos,
      };
    });
    this.filters = this.#rules.map(({ text, qos }) => ({ filter: text, qos }));
  }

  /** What a topic is called on the other side, or null where no rule takes it. */
  map(topic: string): Mapped | null {
    for (const { filter, fromLength, to, qos } of this.#rules) {
      if (filter.matches(topic)) return { topic: to + topic.slice(fromLength), qos };
    }
    return null;
  }
}
