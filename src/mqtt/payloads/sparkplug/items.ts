import { PayloadFault } from "../fault.ts";
import type { Items, Origin } from "../pipeline.ts";
import type { OwnMessage, PayloadState } from "../state.ts";
import { rebirthRequest } from "./messages.ts";
import { sparkplugPayload } from "./payload.ts";
import { type SparkplugRecord, sparkplugRecords, stateRecord } from "./records.ts";
import { certificateTopic, commandTopic, type NodeMessage, type SparkplugTopic } from "./topic.ts";

/** How a route treats Sparkplug messages. */
export interface SparkplugConfig {
  /** What records have for their key; null where the route has one for all, or a path for it. */
  readonly key: "device" | "metric" | null;
  /** Time that has to pass before an edge node is asked for another rebirth; infinite for never asking. */
  readonly rebirthIntervalMs: number;
  /** Whether the latest births are kept as retained messages, and deaths get the time of their delivery. */
  readonly isAware: boolean;
}

/** What a route has that says nothing of Sparkplug. */
export const NO_SPARKPLUG: SparkplugConfig = {
  key: null,
  rebirthIntervalMs: Number.POSITIVE_INFINITY,
  isAware: false,
};

/** The records of a Sparkplug message, and what it gives rise to. */
export function sparkplugItems(
  payload: Uint8Array,
  { sparkplug: topic }: Origin,
  config: SparkplugConfig,
  nowMs: number,
  state: PayloadState,
): Items | PayloadFault {
  if (topic === null) return new PayloadFault("the topic is none of Sparkplug B's");
  if (topic.kind === "state") {
    const record = stateRecord(topic.host, payload);
    return record instanceof PayloadFault ? record : { items: [itemOf(record, config, null)], own: [] };
  }
  const decoded = sparkplugPayload(payload);
  if (decoded instanceof PayloadFault) return decoded;
  const made = sparkplugRecords(topic, decoded, state.nodes, state.stats, nowMs);
  if (made instanceof PayloadFault) return made;
  return {
    items: made.records.map((record) => itemOf(record, config, topic.type)),
    own: ownMessages(topic, payload, made.rebirth, config, nowMs, state),
  };
}

function ownMessages(
  topic: SparkplugTopic & { readonly kind: "node" },
  payload: Uint8Array,
  rebirth: boolean,
  config: SparkplugConfig,
  nowMs: number,
  state: PayloadState,
): readonly OwnMessage[] {
  const own: OwnMessage[] = [];
  const isBirth = topic.type === "NBIRTH" || topic.type === "DBIRTH";
  if (config.isAware && isBirth && topic.prefix === "") {
    own.push({ mqttTopic: certificateTopic(topic), payload: payload.slice(), retain: true, append: false });
  }
  const { rebirthIntervalMs } = config;
  if (
    rebirth &&
    rebirthIntervalMs !== Number.POSITIVE_INFINITY &&
    state.nodes.mayAskForRebirth(topic, state.clock.monotonicMs(), rebirthIntervalMs)
  ) {
    const request = rebirthRequest(nowMs);
    own.push({ mqttTopic: commandTopic(topic), payload: request, retain: false, append: true });
  }
  return own;
}

/** What a birth says is stored even where it is what was there before; what is historical is nobody's last value. */
function itemOf(
  record: SparkplugRecord,
  { key }: SparkplugConfig,
  type: NodeMessage | null,
): Items["items"][number] {
  const isHistorical = "is_historical" in record.value;
  const isBirth = type === "NBIRTH" || type === "DBIRTH";
  return {
    value: record.value,
    key: key === null ? null : key === "metric" ? record.metricKey : record.deviceKey,
    name: record.metricKey,
    passes: isHistorical ? "aside" : isBirth ? "always" : "on change",
    isFixed: !record.isMetric,
  };
}
