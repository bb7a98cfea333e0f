import { PayloadFault } from "../fault.ts";
import { jsonValue } from "../json-values.ts";
import { MAX_RECORDS } from "../limits.ts";
import { bdSeqOf, isStatus, type NodeChange, type SparkplugNodes, type SparkplugStats } from "./nodes.ts";
import { type Metric, metricFields, metricValue, newBudget, type SparkplugPayload } from "./payload.ts";
import { deviceKeyOf, type SparkplugTopic } from "./topic.ts";

/** A record out of a Sparkplug message. */
export interface SparkplugRecord {
  readonly value: object;
  /** Group, edge node and, where it is of one, device; or the host. */
  readonly deviceKey: string;
  /** The same with the metric's name; of a record that is no metric's the same without. */
  readonly metricKey: string;
  /** False where it tells of an edge node, a device or a host. */
  readonly isMetric: boolean;
}

export interface SparkplugRecords {
  readonly records: readonly SparkplugRecord[];
  /** Whether the edge node should publish its births again. */
  readonly rebirth: boolean;
}

type NodeTopic = SparkplugTopic & { readonly kind: "node" };

/**
 * The records of a message that was read whole, with what it changes in `nodes` changed. A metric is a record; a birth
 * or death is one more, before them, and the death of an edge node one for each of its devices that was online.
 */
export function sparkplugRecords(
  topic: NodeTopic,
  payload: SparkplugPayload,
  nodes: SparkplugNodes,
  stats: SparkplugStats,
  nowMs: number,
): SparkplugRecords | PayloadFault {
  if (payload.metrics.length >= MAX_RECORDS) return new PayloadFault(`more than ${MAX_RECORDS} records`);
  const change = nodes.take(topic, payload);
  const records: SparkplugRecord[] = [];
  const deviceKey = deviceKeyOf(topic);
  const isDeath = topic.type === "NDEATH";
  if (isStatus(topic.type) || payload.metrics.length === 0) {
    records.push({
      value: status(topic, payload, change, nowMs),
      deviceKey,
      metricKey: deviceKey,
      isMetric: false,
    });
  }
  for (const device of change.stale) {
    const key = `${deviceKey}/${device}`;
    const value = {
      ...sourceOf(topic),
      device,
      type: topic.type,
      timestamp: nowMs,
      online: false,
      stale: true,
    };
    records.push({ value, deviceKey: key, metricKey: key, isMetric: false });
  }
  let rebirth = change.rebirth;
  const budget = newBudget();
  for (const metric of isDeath ? [] : payload.metrics) {
    const born = nodes.metricOf(topic, metric);
    const name = metric.name ?? born?.name ?? null;
    if (name === null) {
      stats.sparkplugUnknownAliases++;
      rebirth = true;
    }
    const value = metricRecord(topic, payload, { ...metric, name }, born?.datatype ?? null, budget);
    const metricKey = name === null ? deviceKey : `${deviceKey}/${name}`;
    records.push({ value, deviceKey, metricKey, isMetric: true });
  }
  if (budget.fault !== null) return new PayloadFault(budget.fault);
  return { records, rebirth };
}

/** What a host application says of itself: JSON since 3.0, before that ONLINE or OFFLINE. */
export function stateRecord(host: string, payload: Uint8Array): SparkplugRecord | PayloadFault {
  const text = payload.length <= "OFFLINE".length ? new TextDecoder().decode(payload) : "";
  const common = { host, type: "STATE" };
  const record = (value: object): SparkplugRecord => ({
    value,
    deviceKey: host,
    metricKey: host,
    isMetric: false,
  });
  if (text === "ONLINE" || text === "OFFLINE") return record({ ...common, online: text === "ONLINE" });
  const decoded = jsonValue(payload, true);
  if (decoded instanceof PayloadFault) return new PayloadFault(`STATE: ${decoded.reason}`);
  const { value } = decoded;
  if (
    typeof value !== "object" ||
    value === null ||
    !("online" in value) ||
    typeof value.online !== "boolean"
  ) {
    return new PayloadFault("STATE: it does not say whether the host is online");
  }
  const timestamp = "timestamp" in value ? value.timestamp : undefined;
  return record({ ...common, ...(timestamp === undefined ? {} : { timestamp }), online: value.online });
}

/** A death was written when its connection was made: its time is that of its arrival. */
function status(topic: NodeTopic, payload: SparkplugPayload, change: NodeChange, nowMs: number): object {
  const bdSeq = bdSeqOf(payload);
  const isDeath = topic.type.endsWith("DEATH");
  return {
    ...sourceOf(topic),
    type: topic.type,
    timestamp: topic.type === "NDEATH" ? nowMs : (payload.timestamp ?? nowMs),
    ...(isStatus(topic.type) ? { online: change.online } : {}),
    ...(isDeath && !change.late ? { stale: true } : {}),
    ...(change.late ? { late: true } : {}),
    ...(bdSeq === null ? {} : { bdSeq }),
    ...(payload.seq === null ? {} : { seq: payload.seq }),
    ...(payload.uuid === null ? {} : { uuid: payload.uuid }),
    ...(payload.body === null ? {} : { body: payload.body }),
  };
}

function metricRecord(
  topic: NodeTopic,
  payload: SparkplugPayload,
  metric: Metric,
  bornType: number | null,
  budget: ReturnType<typeof newBudget>,
): object {
  const datatype = metric.datatype ?? bornType;
  const timestamp = metric.timestamp ?? payload.timestamp;
  return {
    ...sourceOf(topic),
    type: topic.type,
    ...metricFields({ ...metric, timestamp }, datatype),
    value: metricValue(metric, datatype, budget),
    ...(payload.seq === null ? {} : { seq: payload.seq }),
  };
}

function sourceOf({ group, node, device }: NodeTopic): object {
  return device === null ? { group, node } : { group, node, device };
}
