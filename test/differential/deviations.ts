/** A difference that is meant, and why. `label` is that of the request, or the beginning of several. */
export interface Deviation {
  readonly label: string;
  readonly reason: string;
}

export const DEVIATIONS: readonly Deviation[] = [
  {
    label: "ListGroups 5: empty ones",
    reason:
      "Kafka keeps a group that committed nothing until it restarts; names alone must not fill a gateway's memory.",
  },
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
  {
    label: "ShareFetch 1: a topic that is not there",
    reason:
      "Kafka fails with UNKNOWN_SERVER_ERROR for the whole request; here the topic is told to be unknown.",
  },
  { label: "ShareFetch 2: a topic that is not there", reason: "The same." },
  {
    label: "ShareFetch 2: the rest of it",
    reason:
      "Acquired records that follow each other are one range up to the batch size; Kafka cuts where it had cut before.",
  },
  {
    label: "ShareAcknowledge 2: nothing",
    reason: "Kafka leaves a partition without acknowledgements out where there is no other one with any.",
  },
];
