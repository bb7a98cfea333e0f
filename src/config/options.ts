import { AUDIT_OPTIONS } from "./audit-options.ts";
import type { BridgeSettings } from "./bridge-options.ts";
import { CLOCK_OPTIONS } from "./clock-options.ts";
import { CONSUMER_GROUP_OPTIONS } from "./consumer-group-options.ts";
import { DEVICE_OPTIONS } from "./device-options.ts";
import { ENCRYPTION_OPTIONS } from "./encryption-options.ts";
import { GROUP_OPTIONS } from "./group-options.ts";
import { HTTP_OPTIONS } from "./http-options.ts";
import { KAFKA_DOOR_OPTIONS } from "./kafka-door-options.ts";
import { MDNS_OPTIONS } from "./mdns-options.ts";
import { MEMORY_OPTIONS } from "./memory-options.ts";
import { MQTT_ALIAS_OPTIONS } from "./mqtt-alias-options.ts";
import type { MqttDownlinkSettings } from "./mqtt-downlink-options.ts";
import { MQTT_PAYLOAD_OPTIONS } from "./mqtt-payload-options.ts";
import { MQTT_REPLAY_OPTIONS } from "./mqtt-replay-options.ts";
import { MQTT_RETAINED_OPTIONS } from "./mqtt-retained-options.ts";
import { MQTT_SESSION_OPTIONS } from "./mqtt-session-options.ts";
import {
  advertised,
  boolean,
  choice,
  count,
  door,
  duration,
  type Option,
  type SectionValues,
  size,
  text,
} from "./option.ts";
import { DEFAULT_ROUTES, type MqttRouteSettings } from "./route-options.ts";
import { SECURITY_OPTIONS } from "./security-options.ts";
import { SHARE_OPTIONS } from "./share-options.ts";
import { TRANSACTION_OPTIONS } from "./transaction-options.ts";
import { UPDATE_OPTIONS } from "./update-options.ts";
import type { UplinkSettings } from "./uplink-options.ts";

const UNBOUNDED = Number.MAX_SAFE_INTEGER;
const INT_MAX = 0x7fffffff;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 1440 * MINUTE_MS;
const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Every setting there is but for the sections `[uplink.NAME]`, `[bridge.NAME]` and `[[mqtt.route]]`, which have tables of their
 * own. Loading, environment, flags, `config print` and the reference all derive from it. Where Apache Kafka
 * has a setting for the same thing, its name is used.
 */
export const OPTIONS = {
  "gateway.id": text("1 to 64 of letters, digits, '.', '_' and '-'", gatewayIdFault, {
    default: "",
    defaultText: "the host's name",
    doc: "Name of this gateway at the centre: in transactional ids, in its group and in the headers of forwarded records. Two gateways that share a centre need two names.",
  }),
  "gateway.site": text("1 to 64 of letters, digits, '.', '_' and '-', or nothing", siteFault, {
    default: "",
    doc: "Name of the site that this gateway stands at: {site} in the names of topics at the centre.",
  }),
  data: text("a path", pathFault, {
    default: "headwater-data",
    flag: "data",
    doc: "Folder that holds everything that must outlive a restart. One process at a time may use it.",
  }),

  "kafka.listen": door({
    default: { host: "127.0.0.1", port: 9092 },
    flag: "kafka",
    doc: "Where Kafka clients connect.",
  }),
  "kafka.advertised": advertised({
    default: "auto",
    doc: "Address that Kafka clients are told to connect to. auto: the address they reached, as far as it is known: kafka.listen, or the host's name where that listens on all addresses.",
  }),
  ...KAFKA_DOOR_OPTIONS,
  "max.connections": count({
    default: 1000,
    min: 1,
    max: 1_000_000,
    doc: "Kafka clients connected at once; more are closed at once.",
  }),
  "connections.max.idle.ms": duration({
    default: 10 * MINUTE_MS,
    min: SECOND_MS,
    max: UNBOUNDED,
    minusOne: "never",
    doc: "A Kafka connection that sent nothing for this long is closed.",
  }),
  "socket.request.max.bytes": size({
    default: 32 * MIB,
    min: 64 * KIB,
    max: 1024 * MIB,
    doc: "Largest request of a Kafka client. Larger ones are refused before they are read.",
  }),
  "kafka.max.pending.bytes": size({
    default: 64 * MIB,
    min: MIB,
    max: 16 * 1024 * MIB,
    doc: "Bytes of Kafka requests that are held at once, over all connections. Above it a client that is in the middle of sending a request is cut off.",
  }),
  "fetch.max.bytes": size({
    default: 4 * MIB,
    min: 1 * KIB,
    max: 1024 * MIB,
    doc: "Most record bytes in one fetch response, whatever the client asks for; a first batch larger than this is still sent.",
  }),
  "kafka.max.queued.bytes": size({
    default: 64 * MIB,
    min: MIB,
    max: 16 * 1024 * MIB,
    doc: "Unsent response bytes at which a Kafka connection is closed: its client asks but does not read. At least fetch.max.bytes.",
  }),
  "kafka.max.total.queued.bytes": size({
    default: 32 * MIB,
    min: MIB,
    max: 16 * 1024 * MIB,
    doc: "Unsent response bytes of all Kafka connections together, above which fetch responses get small: what clients that ask and don't read may hold of the memory.",
  }),

  "mqtt.listen": door({
    default: { host: "127.0.0.1", port: 1883 },
    flag: "mqtt",
    doc: "Where MQTT clients connect.",
  }),
  "mqtt.websocket.listen": door({
    default: "off",
    doc: "Where MQTT clients connect over WebSocket, at the paths /mqtt and /, with the subprotocol mqtt. All limits of MQTT are for all its addresses together. The Origin of a page is not checked: there are no cookies that it could abuse, but any page in a browser that reaches this address can connect.",
  }),
  "mqtt.max.connections": count({
    default: 10_000,
    min: 1,
    max: 1_000_000,
    doc: "MQTT clients connected at once; more are refused.",
  }),
  "mqtt.user.max.connections": count({
    default: -1,
    min: 1,
    max: 1_000_000,
    minusOne: "no bound but mqtt.max.connections",
    doc: "MQTT connections of one user at once, by password or certificate; one more is refused, but where it takes over a connection of the same client id.",
  }),
  "mqtt.connect.timeout.ms": duration({
    default: 10 * SECOND_MS,
    min: 100,
    max: 10 * MINUTE_MS,
    doc: "A client that has not sent its CONNECT packet by then is closed.",
  }),
  "mqtt.max.packet.bytes": size({
    default: 896 * KIB,
    min: KIB,
    max: 268_435_455,
    doc: "Largest MQTT packet that is taken; announced to MQTT 5 clients (Maximum Packet Size). At least 128KiB below message.max.bytes, so that what comes in a packet goes into a batch with its key and headers: a client before MQTT 5 would send what doesn't again and again.",
  }),
  "mqtt.receive.maximum": count({
    default: 1024,
    min: 1,
    max: 65_535,
    doc: "QoS 1 and 2 messages that a client may have unacknowledged; announced to MQTT 5 clients (Receive Maximum).",
  }),
  "mqtt.max.keep.alive.ms": duration({
    default: 60 * MINUTE_MS,
    min: SECOND_MS,
    max: 65_535 * SECOND_MS,
    doc: "Keep alive of MQTT 5 clients that ask for a longer one or for none (Server Keep Alive). In whole seconds.",
  }),
  "mqtt.max.subscriptions": count({
    default: 1024,
    min: 1,
    max: 1_000_000,
    doc: "Subscriptions of one MQTT session.",
  }),
  "mqtt.max.in.flight": count({
    default: 256,
    min: 1,
    max: 65_535,
    doc: "QoS 1 and 2 messages that are sent to one client and not yet acknowledged by it.",
  }),
  "mqtt.max.queued.messages": count({
    default: 1000,
    min: 1,
    max: 10_000_000,
    doc: "Messages that wait for one subscriber.",
  }),
  "mqtt.max.queued.bytes": size({
    default: 4 * MIB,
    min: 16 * KIB,
    max: 1024 * MIB,
    doc: "Bytes of messages that wait for one subscriber.",
  }),
  "mqtt.queue.policy": choice(["drop-oldest", "drop-newest"], {
    default: "drop-oldest",
    doc: "Which message goes when a subscriber's queue is full. It stays in the log either way.",
  }),
  ...MQTT_RETAINED_OPTIONS,
  ...MQTT_ALIAS_OPTIONS,
  ...MQTT_REPLAY_OPTIONS,
  ...MQTT_SESSION_OPTIONS,

  ...SECURITY_OPTIONS,
  ...MQTT_PAYLOAD_OPTIONS,

  ...HTTP_OPTIONS,

  "auto.create.topics.enable": boolean({
    default: true,
    doc: "Whether a topic that somebody produces to or asks for is made where it is missing.",
  }),
  "num.partitions": count({
    default: 1,
    min: 1,
    max: 10_000,
    doc: "Partitions of a topic that is made without saying how many.",
  }),
  "max.partitions": count({
    default: 10_000,
    min: 1,
    max: 100_000,
    doc: "Partitions of all topics together; creations beyond it are refused. One that was written to costs a file and some KiB of memory.",
  }),
  "log.durability": choice(["disk", "memory"], {
    default: "disk",
    topicConfig: "durability",
    doc: "disk: acknowledged after the sync that covers the record. memory: acknowledged at once, as Kafka does by default; a power cut may take the last seconds.",
  }),
  "log.segment.bytes": size({
    default: 16 * MIB,
    min: MIB,
    max: 1024 * MIB,
    topicConfig: "segment.bytes",
    doc: "Size at which a segment file is sealed and the next begun.",
  }),
  "log.roll.ms": duration({
    default: 7 * DAY_MS,
    min: SECOND_MS,
    max: UNBOUNDED,
    topicConfig: "segment.ms",
    doc: "Age at which a segment is sealed even if it is not full.",
  }),
  "log.retention.ms": duration({
    default: 7 * DAY_MS,
    min: 1,
    max: UNBOUNDED,
    minusOne: "for ever",
    topicConfig: "retention.ms",
    doc: "Records older than this are deleted, segment by segment. Where the clock is believed, records with timestamps ahead of it are no younger than the time at which the gateway first saw them, so that a device with a wrong clock does not keep a topic for ever; Apache Kafka goes by the timestamps alone.",
  }),
  "log.retention.bytes": size({
    default: -1,
    min: 0,
    max: UNBOUNDED,
    minusOne: "no bound",
    topicConfig: "retention.bytes",
    doc: "Size of a partition above which its oldest segments are deleted.",
  }),
  "log.max.bytes": size({
    default: -1,
    min: 16 * MIB,
    max: UNBOUNDED,
    minusOne: "no bound but the disk's",
    doc: "Bytes of all logs together above which the disk counts as full; see log.full.policy.",
  }),
  "log.full.policy": choice(["drop-oldest", "refuse-new"], {
    default: "drop-oldest",
    topicConfig: "headwater.full.policy",
    doc: "What happens where the disk is full, but for disk.reserve.bytes. drop-oldest: the oldest segments make room, of what was forwarded first, then of the topics with the largest headwater.priority; what somebody loses by that is in the topic headwater.gaps. refuse-new: appends get an error that clients retry, and MQTT publishes no acknowledgement (MQTT 5: 0x97).",
  }),
  "log.keep.unforwarded": boolean({
    default: false,
    topicConfig: "headwater.keep.unforwarded",
    doc: "Whether retention and a full disk leave what an uplink that carries the topic has not forwarded yet.",
  }),
  "log.retention.check.interval.ms": duration({
    default: 5 * MINUTE_MS,
    min: 1,
    max: UNBOUNDED,
    doc: "Time between two looks for records older than log.retention.ms, the first half a minute after the start; log.retention.bytes is kept to within seconds.",
  }),
  "log.index.interval.bytes": size({
    default: 4 * KIB,
    min: 0,
    max: INT_MAX,
    topicConfig: "index.interval.bytes",
    doc: "Bytes of records between two entries of an offset index.",
  }),
  "log.message.timestamp.type": choice(["CreateTime", "LogAppendTime"], {
    default: "CreateTime",
    topicConfig: "message.timestamp.type",
    doc: "Whether records keep their producer's timestamp or get the time of the append.",
  }),
  "message.max.bytes": size({
    default: 1_048_588,
    min: KIB,
    max: 1024 * MIB,
    topicConfig: "max.message.bytes",
    doc: "Largest record batch that is taken.",
  }),
  "producer.id.expiration.ms": duration({
    default: DAY_MS,
    min: MINUTE_MS,
    max: UNBOUNDED,
    doc: "How long an idle producer's sequence numbers are remembered.",
  }),

  ...CLOCK_OPTIONS,
  ...AUDIT_OPTIONS,
  ...MDNS_OPTIONS,
  ...MEMORY_OPTIONS,
  ...DEVICE_OPTIONS,
  ...GROUP_OPTIONS,
  ...CONSUMER_GROUP_OPTIONS,
  ...TRANSACTION_OPTIONS,
  ...SHARE_OPTIONS,
  ...UPDATE_OPTIONS,

  "commit.linger.ms": duration({
    default: 1,
    min: 0,
    max: SECOND_MS,
    doc: "How long a commit round waits, before it syncs, for as many appends as the round before had; a lone writer never waits. More means fewer flushes of the card and later acks.",
  }),
  "journal.bytes": size({
    default: 32 * MIB,
    min: 4 * MIB,
    max: 1024 * MIB,
    doc: "Size of the journal's two files together, the ring through which small appends of all partitions share one sync.",
  }),
  "disk.implementation": choice(["auto", "mapped", "plain"], {
    default: "auto",
    doc: "How segments are written: by memory mapping, or by plain writes. auto: plain on copy-on-write file systems, else mapped. An encrypted folder is always written plainly.",
  }),
  ...ENCRYPTION_OPTIONS,
  "disk.max.open.files": count({
    default: 512,
    min: 16,
    max: 100_000,
    doc: "Segment files that are open at once; the one unused for longest is closed for the next.",
  }),
  "disk.max.mapped.bytes": size({
    default: 4096 * MIB,
    min: 64 * MIB,
    max: UNBOUNDED,
    doc: "Bytes of segment files that are open at once, and so of address space that mappings take.",
  }),
  "disk.reserve.bytes": size({
    default: 64 * MIB,
    min: 0,
    max: UNBOUNDED,
    doc: "Free space that records may not use, so that a full disk leaves room for metadata, offsets and the way out.",
  }),
  "disk.endurance.bytes": size({
    default: -1,
    min: 1,
    max: UNBOUNDED,
    minusOne: "not known: for flash 300 times the device's size is assumed",
    doc: "What can be written to the device that the data is on in its life, as its maker says it (TBW). From it is forecast how long the device lasts: headwater_storage_wear_forecast_seconds.",
  }),

  "log.level": choice(["debug", "info", "warn", "error"], {
    default: "info",
    doc: "Least urgent log lines that are written.",
  }),
  "log.format": choice(["auto", "human", "json", "journal"], {
    default: "auto",
    doc: "auto: to systemd's journal, with fields, where standard error goes there; for people on a terminal; JSON lines otherwise. journal: there in any case, and lines that begin with their priority while it takes nothing.",
  }),
  "shutdown.timeout.ms": duration({
    default: 10 * SECOND_MS,
    min: 0,
    max: 10 * MINUTE_MS,
    doc: "How long a stop waits for connections to finish before it cuts them. What is acknowledged is on the disk either way.",
  }),
} as const;

export type SettingName = keyof typeof OPTIONS;

/** Value of every setting, by its name; the reference (`headwater config docs`) says what each means. */
export type Values = SectionValues<typeof OPTIONS>;

/** All that can be set: checked, complete and never changed. */
export interface Settings extends Values {
  /** In the order of their names. */
  readonly uplinks: readonly UplinkSettings[];
  /** The same. */
  readonly bridges: readonly BridgeSettings[];
  /** The first route whose filter matches takes a message. */
  readonly mqttRoutes: readonly MqttRouteSettings[];
  readonly mqttDownlinks: readonly MqttDownlinkSettings[];
}

/** Names and definitions, in the table's order. */
export const OPTION_ENTRIES = Object.entries(OPTIONS) as readonly (readonly [SettingName, Option<unknown>])[];

/** The settings of a gateway that was told nothing: tests start from these. */
export function defaultSettings(overrides: Partial<Settings> = {}): Settings {
  const values = Object.fromEntries(OPTION_ENTRIES.map(([name, option]) => [name, option.default]));
  return Object.freeze({
    ...(values as unknown as Values),
    "gateway.id": "gateway",
    uplinks: [],
    bridges: [],
    mqttRoutes: DEFAULT_ROUTES,
    mqttDownlinks: [],
    ...overrides,
  });
}

/** Topic configuration (Kafka's names, values as text) that topics have where they say nothing themselves. */
export function topicDefaults(settings: Settings): ReadonlyMap<string, string> {
  const defaults = new Map<string, string>();
  for (const [name, option] of OPTION_ENTRIES) {
    if (option.topicConfig !== undefined) defaults.set(option.topicConfig, String(settings[name]));
  }
  return defaults;
}

/** A gateway id made of a host's name: what is not legal becomes `-`. */
export function gatewayIdFromHost(hostName: string): string {
  const id = hostName.replaceAll(/[^A-Za-z0-9._-]+/g, "-").slice(0, 64);
  return gatewayIdFault(id) === null ? id : "gateway";
}

function gatewayIdFault(value: string): string | null {
  if (value === "") return "it is empty";
  if (value.length > 64) return `it has ${value.length} characters`;
  return /^[A-Za-z0-9._-]+$/.test(value) ? null : "it holds other characters than a gateway's name may";
}

function siteFault(value: string): string | null {
  return value === "" ? null : gatewayIdFault(value);
}

function pathFault(value: string): string | null {
  if (value === "") return "it is empty";
  return value.includes("\0") ? "it holds a zero character" : null;
}
