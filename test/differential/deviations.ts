/** A difference that is meant, and why. `label` is that of the request, or the beginning of several. */
export interface Deviation {
  readonly label: string;
  readonly reason: string;
}

export const DEVIATIONS: readonly Deviation[] = [
  {
    label: "CreateTopics 7: only looked at",
    reason: "Kafka makes up an id for the topic that it does not make.",
  },
  {
    label: "DescribeConfigs 1: with synonyms",
    reason:
      "Kafka leaves out where the default of retention.ms comes from, because its broker has three names for it.",
  },
  { label: "DescribeConfigs 2: with synonyms", reason: "The same." },
  { label: "DescribeConfigs 3: with synonyms", reason: "The same." },
  { label: "DescribeConfigs 4: with synonyms", reason: "The same." },
  {
    label: "IncrementalAlterConfigs 0: an operation that is none",
    reason: "Kafka fails with UNKNOWN_SERVER_ERROR; a request that is wrong is told so.",
  },
  { label: "IncrementalAlterConfigs 1: an operation that is none", reason: "The same." },
];
