import type { Settings } from "../../config/options.ts";

/** Settings of one group that differ from the broker's, by Kafka's names. */
export type GroupConfigs = (groupId: string) => ReadonlyMap<string, string>;

/** Where a group that has not read a partition before begins. */
export type OffsetReset =
  | { readonly kind: "earliest" }
  | { readonly kind: "latest" }
  | { readonly kind: "by-duration"; readonly durationMs: number };

/** The group's setting for the dead letter topic (KIP-1191); empty for none. */
const DEAD_LETTER_TOPIC = "errors.deadletterqueue.topic.name";
/** Whether dead letters carry key, value and headers of the record. Kafka says no, here it is yes unless refused. */
const COPY_RECORD = "errors.deadletterqueue.copy.record.enable";

const MAX_TOPIC_NAME_CHARACTERS = 249;

/** What holds for one share group: its own settings over the broker's. Read anew for each decision. */
export class ShareSettings {
  readonly #broker: Settings;
  readonly #configs: GroupConfigs;

  constructor(broker: Settings, configs: GroupConfigs) {
    this.#broker = broker;
    this.#configs = configs;
  }

  sessionTimeoutMs(groupId: string): number {
    return this.#number(groupId, "share.session.timeout.ms", this.#broker["group.share.session.timeout.ms"]);
  }

  heartbeatIntervalMs(groupId: string): number {
    const { "group.share.heartbeat.interval.ms": inForce } = this.#broker;
    return this.#number(groupId, "share.heartbeat.interval.ms", inForce);
  }

  assignmentIntervalMs(groupId: string): number {
    const { "group.share.assignment.interval.ms": inForce } = this.#broker;
    return this.#number(groupId, "share.assignment.interval.ms", inForce);
  }

  recordLockMs(groupId: string): number {
    const { "group.share.record.lock.duration.ms": inForce } = this.#broker;
    return this.#number(groupId, "share.record.lock.duration.ms", inForce);
  }

  maxDeliveries(groupId: string): number {
    const { "group.share.delivery.count.limit": inForce } = this.#broker;
    return this.#number(groupId, "share.delivery.count.limit", inForce);
  }

  maxInFlightRecords(groupId: string): number {
    const { "group.share.partition.max.record.locks": inForce } = this.#broker;
    return this.#number(groupId, "share.partition.max.record.locks", inForce);
  }

  readCommitted(groupId: string): boolean {
    return this.#configs(groupId).get("share.isolation.level") === "read_committed";
  }

  renewable(groupId: string): boolean {
    return this.#configs(groupId).get("share.renew.acknowledge.enable") !== "false";
  }

  offsetReset(groupId: string): OffsetReset {
    const value = this.#configs(groupId).get("share.auto.offset.reset");
    return (value === undefined ? null : parseOffsetReset(value)) ?? { kind: "latest" };
  }

  /** Null: what is given up is archived and nothing else. */
  deadLetterTopic(groupId: string): string | null {
    const name = this.#configs(groupId).get(DEAD_LETTER_TOPIC);
    if (name === undefined || name === "" || name.length > MAX_TOPIC_NAME_CHARACTERS) return null;
    return name;
  }

  deadLettersCopyRecords(groupId: string): boolean {
    return this.#configs(groupId).get(COPY_RECORD) !== "false";
  }

  get maxGroupSize(): number {
    return this.#broker["group.share.max.size"];
  }

  get maxSessions(): number {
    return this.#broker["group.share.max.share.sessions"];
  }

  /** A setting that was stored before its bounds changed, or by another version, must not stop a queue. */
  #number(groupId: string, name: string, inForce: number): number {
    const text = this.#configs(groupId).get(name);
    if (text === undefined) return inForce;
    const value = Number(text);
    return Number.isSafeInteger(value) && value >= 0 ? value : inForce;
  }
}

/** `earliest`, `latest` or `by_duration:` and an ISO 8601 duration; null for anything else. */
export function parseOffsetReset(value: string): OffsetReset | null {
  const lower = value.toLowerCase();
  if (lower === "earliest" || lower === "latest") return { kind: lower };
  if (!lower.startsWith("by_duration:")) return null;
  const durationMs = parseDuration(value.slice("by_duration:".length));
  return durationMs === null ? null : { kind: "by-duration", durationMs };
}

const DURATION = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,9}))?S)?)?$/i;

/** Days, hours, minutes and seconds of ISO 8601, as milliseconds; null for what is none, negative or beyond 2^53. */
function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null || text.length < 3 || /t$/i.test(text)) return null;
  const [, days = "0", hours = "0", minutes = "0", seconds = "0", fraction = "0"] = match;
  const wholeSeconds = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  const durationMs = wholeSeconds * 1000 + Math.floor(Number(`0.${fraction}`) * 1000);
  return Number.isSafeInteger(durationMs) ? durationMs : null;
}
