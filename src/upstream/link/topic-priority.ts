import { TopicFilter } from "../topic-filter.ts";

/** The topic that says what is missing: it goes before everything else. */
export const GAPS_TOPIC = "headwater.gaps";

/** How important a topic is: 0 comes first; `last` is that of topics nobody named. */
export interface TopicPriority {
  of(topic: string): number;
  readonly last: number;
}

/** By the place of the first pattern that takes the topic. */
export function topicPriority(patterns: readonly string[]): TopicPriority {
  const filters = patterns.map((pattern) => new TopicFilter([pattern]));
  const last = 1 + patterns.length;
  return {
    last,
    of(topic) {
      if (topic === GAPS_TOPIC) return 0;
      const index = filters.findIndex((filter) => filter.takes(topic));
      return index === -1 ? last : 1 + index;
    },
  };
}
