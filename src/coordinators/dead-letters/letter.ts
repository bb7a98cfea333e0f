import type { RecordHeader } from "../../records/builder.ts";

/** Headers that say where a share group's dead letter comes from and why: those of Kafka 4.4 (KIP-1191). */
export const DEAD_LETTER_HEADERS = {
  TOPIC: "__dlq.errors.topic",
  PARTITION: "__dlq.errors.partition",
  OFFSET: "__dlq.errors.offset",
  GROUP: "__dlq.errors.group",
  DELIVERY_COUNT: "__dlq.errors.delivery.count",
  MESSAGE: "__dlq.errors.message",
} as const;

/** The same of dead letters of MQTT: messages that a route can't take, records that a downlink can't publish. */
export const MQTT_LETTER_HEADERS = {
  REASON: "headwater.dead-letter.reason",
  TOPIC: "headwater.dead-letter.topic",
  PARTITION: "headwater.dead-letter.partition",
  OFFSET: "headwater.dead-letter.offset",
} as const;

/** What a record that was redriven says: how often by now, and which letter (`TOPIC/PARTITION/OFFSET`) it was. */
export const REDRIVE_HEADERS = {
  COUNT: "headwater.redrive.count",
  FROM: "headwater.redrive.from",
} as const;

const MQTT_TOPIC = "mqtt.topic";
const MAX_TEXT = 1_024;

/** Where a record stands. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** What a dead letter says of itself. */
export interface Letter {
  /** Of whom: a share group, a downlink, or a route of MQTT. */
  readonly kind: "queue" | "downlink" | "route";
  readonly reason: string;
  /** Of what record; null for a message of MQTT, which never was one. */
  readonly source: RecordPlace | null;
  /** The share group, and how often the record had been delivered. */
  readonly group: string | null;
  readonly deliveries: number | null;
  /** Of a message. */
  readonly mqttTopic: string | null;
  /** How often the record was redriven before it became this letter. */
  readonly redriven: number;
  /** Headers that the record had of its own, without what says that it is a letter, and that it was redriven. */
  readonly ownHeaders: readonly RecordHeader[];
}

/** What a record's headers say of a letter; null where it is none. The last header of a name counts: others were the record's own. */
export function letterOf(headers: readonly RecordHeader[]): Letter | null {
  const last = new Map<string, RecordHeader>();
  for (const header of headers) last.set(header.key, header);
  const text = (name: string) => textOf(last.get(name)?.value ?? null);
  const number = (name: string) => {
    const value = text(name);
    return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : null;
  };
  const rest = (names: readonly string[]) => {
    const own = new Set([...names, ...Object.values(REDRIVE_HEADERS)].map((name) => last.get(name)));
    return headers.filter((header) => !own.has(header));
  };
  const placeOf = (names: Readonly<Record<"TOPIC" | "PARTITION" | "OFFSET", string>>): RecordPlace | null => {
    const [topic, partition, offset] = [text(names.TOPIC), number(names.PARTITION), number(names.OFFSET)];
    return topic === null || partition === null || offset === null ? null : { topic, partition, offset };
  };
  const common = { redriven: number(REDRIVE_HEADERS.COUNT) ?? 0, mqttTopic: text(MQTT_TOPIC) };
  const ofQueue = placeOf(DEAD_LETTER_HEADERS);
  if (ofQueue !== null) {
    return {
      ...{ ...common, kind: "queue", source: ofQueue, mqttTopic: null },
      reason: text(DEAD_LETTER_HEADERS.MESSAGE) ?? "",
      group: text(DEAD_LETTER_HEADERS.GROUP),
      deliveries: number(DEAD_LETTER_HEADERS.DELIVERY_COUNT),
      ownHeaders: rest(Object.values(DEAD_LETTER_HEADERS)),
    };
  }
  const reason = text(MQTT_LETTER_HEADERS.REASON);
  if (reason === null) return null;
  const source = placeOf(MQTT_LETTER_HEADERS);
  const ownHeaders = rest(Object.values(MQTT_LETTER_HEADERS));
  const kind = source === null ? "route" : "downlink";
  return { ...common, kind, reason, source, group: null, deliveries: null, ownHeaders };
}

/** The headers of a letter's record where it is redriven. */
export function redrivenHeaders(letter: Letter, at: RecordPlace): readonly RecordHeader[] {
  const header = (key: string, value: string) => ({ key, value: encoder.encode(value) });
  return [
    ...letter.ownHeaders,
    header(REDRIVE_HEADERS.COUNT, String(letter.redriven + 1)),
    header(REDRIVE_HEADERS.FROM, `${at.topic}/${at.partition}/${at.offset}`),
  ];
}

const encoder = new TextEncoder();

function textOf(value: Uint8Array | null): string | null {
  return value === null ? null : new TextDecoder().decode(value.subarray(0, MAX_TEXT));
}
