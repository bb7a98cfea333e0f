import { encodeDeviceKey } from "../base/device-name.ts";
import { HeadwaterError } from "../base/errors.ts";
import type { Uuid } from "../base/ids.ts";
import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import { type DeviceSave, DeviceStore, type Offsets } from "../broker/devices/device-store.ts";
import { DeviceTable, MAX_KEY_BYTES, type Moment } from "../broker/devices/device-table.ts";
import { KeyedRecords } from "../broker/devices/keyed-records.ts";
import { GAP_TOPIC } from "../broker/gap-ledger.ts";
import type { Settings } from "../config/options.ts";
import type { MqttRouteSettings } from "../config/route-options.ts";
import type { DeviceCarried } from "../http/devices.ts";
import type { Clock, Timer } from "../io/clock.ts";
import { brokerSource } from "../mqtt/history/broker-source.ts";
import type { Follower, RecordConsumer } from "../mqtt/history/follower.ts";
import { Followers } from "../mqtt/history/followers.ts";
import type { HistoryPartition, HistorySource } from "../mqtt/history/source.ts";
import type { RecordCursor } from "../records/reader.ts";
import type { UplinkTopicStatus } from "../upstream/status.ts";
import { TopicFilter } from "../upstream/topic-filter.ts";

/** How long records wait to be looked at together. */
const GATHER_MS = 100;
const CHECK_MS = 1_000;
/** Time between two parts of a save. */
const PART_MS = 5;
/** Devices that one log line names. */
const MAX_NAMED = 10;
const LIMITS = { sliceRecords: 16_384, sliceBytes: 2 * 1024 * 1024, shareRecords: 2048, pauseMs: 4 };

const decoder = new TextDecoder();

/** Feeds the table of devices from what is durable in the logs, whoever appended it; writes it down; tells who is silent. */
export class DeviceRegistry {
  readonly table: DeviceTable;
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #settings: Settings;
  readonly #filter: TopicFilter;
  readonly #followers: Followers;
  readonly #store: DeviceStore;
  readonly #feeds = new Map<string, Follower>();
  readonly #batch = new KeyedRecords();
  #turn: Pick<Moment, "nowMs" | "monotonicMs"> | null = null;
  #check: Timer | null = null;
  #save: Timer | null = null;
  #stopped = false;

  /** Throws DISK_IO where the topic of its state can't be opened. */
  constructor(broker: Broker, settings: Settings, logger: Logger) {
    this.#broker = broker;
    this.#clock = broker.clock;
    this.#logger = logger;
    this.#settings = settings;
    this.#filter = new TopicFilter(deviceTopics(settings));
    this.table = new DeviceTable({
      maxDevices: settings["devices.max"],
      valueBytes: settings["devices.value.bytes"],
    });
    this.#store = new DeviceStore(broker, this.table, () => this.#offsets());
    this.#followers = new Followers(gathered(brokerSource(broker), this.#clock), this.#clock, LIMITS);
    this.#followers.onTopics((topic) => this.#follow(topic));
    for (const { name } of broker.topics.all()) this.#follow(name);
    this.#checkLater();
    this.#saveLater();
  }

  /** Who publishes for a device. */
  sender(topic: string, key: Uint8Array, clientId: string, address: string | null): void {
    if (key.length > MAX_KEY_BYTES || !this.#filter.takes(topic)) return;
    this.table.sender(topic, latin1(key), clientId, address);
  }

  /** Writes down what changed. The log is still open. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#check?.cancel();
    this.#save?.cancel();
    this.#store.saveNow();
    this.#followers.close();
  }

  #follow(name: string): void {
    const topic = this.#followers.source.topic(name);
    if (topic === null || topic.internal || !(name === GAP_TOPIC || this.#filter.takes(name))) return;
    for (const partition of topic.partitions) {
      const id = nameOf(partition);
      if (this.#feeds.has(id)) continue;
      const from = Math.min(this.#store.start(id), partition.endOffset);
      const consumer =
        name === GAP_TOPIC ? this.#gapFeed(id) : this.#recordFeed(id, partition.index, partition.topic);
      this.#feeds.set(id, this.#followers.follow(partition, from, null, consumer));
    }
  }

  #recordFeed(id: string, index: number, topic: string): RecordConsumer {
    const { table } = this;
    const batch = this.#batch;
    const countedEnd = this.#store.countedEnd(id);
    const isCounted = (key: string, offset: number) => this.#store.isCounted(id, key, offset);
    let isLive = false;
    return {
      take: (record) => {
        const moment = { ...this.#thisTurn(), isLive };
        table.take(topic, index, record, moment, record.offset < countedEnd ? isCounted : null);
        return true;
      },
      takeBatch: (bytes, position) => {
        if (!batch.read(bytes, position)) return -1;
        const moment = { ...this.#thisTurn(), isLive };
        table.takeAll(topic, index, batch, moment, batch.baseOffset < countedEnd ? isCounted : null);
        return batch.count;
      },
      gap: () => table.missed(topic),
      caughtUp: () => {
        isLive = true;
      },
      ended: (reason) => this.#ended(id, reason),
    };
  }

  /** The clocks, looked at once in a turn of the event loop: a turn is short. */
  #thisTurn(): Pick<Moment, "nowMs" | "monotonicMs"> {
    if (this.#turn === null) {
      this.#turn = { nowMs: this.#clock.nowMs(), monotonicMs: this.#clock.monotonicMs() };
      this.#clock.soon(() => {
        this.#turn = null;
        this.#batch.close();
      });
    }
    return this.#turn;
  }

  #gapFeed(id: string): RecordConsumer {
    return {
      take: (record) => {
        this.#takeGap(id, record);
        return true;
      },
      gap: () => {},
      ended: (reason) => this.#ended(id, reason),
    };
  }

  /** Where the log of one that can't be read was left is remembered, or all would be counted again. */
  #ended(id: string, reason: "deleted" | "unreadable"): void {
    if (reason === "deleted") this.#feeds.delete(id);
  }

  #takeGap(id: string, record: RecordCursor): void {
    const { bytes, keyStart, keyEnd, offset, timestampMs } = record;
    const value = record.value();
    if (keyStart < 0 || keyEnd - keyStart > MAX_KEY_BYTES || value === null) return;
    const key = latin1(bytes.subarray(keyStart, keyEnd));
    if (this.#store.isCounted(id, key, offset)) return;
    const { topic, count, reason } = entryOf(value);
    const isEntry = typeof count === "number" && count > 0 && typeof reason === "string";
    if (!isEntry) return;
    this.table.lost(typeof topic === "string" ? topic : null, key, count, timestampMs, reason.slice(0, 64));
  }

  #offsets(): Offsets {
    const offsets: Record<string, number> = {};
    // Also of topics that are not followed now, and may be again.
    for (const [id, start] of Object.entries(this.#store.starts)) {
      if (this.#broker.topics.byId(id.slice(0, id.indexOf("/")) as Uuid) !== null) offsets[id] = start;
    }
    for (const [id, { position }] of this.#feeds) offsets[id] = Math.max(position, offsets[id] ?? 0);
    return offsets;
  }

  #checkLater(): void {
    this.#check = this.#clock.after(CHECK_MS, () => {
      const rule = {
        factor: this.#settings["devices.silent.factor"],
        afterMs: this.#settings["devices.silent.after.ms"],
      };
      const fallen = this.table.fallen(this.#clock.monotonicMs(), rule);
      if (fallen.length > 0) {
        const named = fallen
          .slice(0, MAX_NAMED)
          .map(({ facts }) => `${facts.topic}/${encodeDeviceKey(Buffer.from(facts.key, "latin1"))}`);
        this.#logger.warn("devices have become silent", { count: fallen.length, devices: named });
      }
      this.#checkLater();
    });
  }

  #saveLater(): void {
    this.#save = this.#clock.after(this.#settings["devices.save.interval.ms"], () => {
      if (this.table.changed().length === 0) this.#saveLater();
      else this.#goOn(this.#store.begin());
    });
  }

  /** One part in a turn of the event loop. */
  #goOn(save: DeviceSave): void {
    this.#save = this.#clock.after(PART_MS, () => {
      if (this.#store.step(save)) this.#goOn(save);
      else this.#saveLater();
    });
  }
}

/** How far each uplink that carries the topic is with a record. */
export function carriedBy(
  uplinks: readonly { readonly name: string; readonly topics: readonly UplinkTopicStatus[] }[],
  topic: string,
  partition: number,
  lastOffset: number,
): readonly DeviceCarried[] {
  return uplinks.flatMap(({ name, topics }) => {
    const carrying = topics.find((one) => one.topic === topic);
    const position = carrying?.partitions.find((one) => one.partition === partition)?.position;
    if (position === undefined) return [];
    const offsetsBehind = Math.max(0, lastOffset + 1 - Math.max(0, position));
    return [{ uplink: name, carried: offsetsBehind === 0, offsetsBehind, position }];
  });
}

/** The registry, or null where it is switched off or can't be kept. */
export function openDeviceRegistry(
  broker: Broker,
  settings: Settings,
  logger: Logger,
): DeviceRegistry | null {
  if (settings["devices.max"] === 0) return null;
  try {
    return new DeviceRegistry(broker, settings, logger);
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    logger.error("there is no registry of devices: its state can't be opened", { error });
    return null;
  }
}

/** Topics whose keys are devices. */
export function deviceTopics(settings: Settings): readonly string[] {
  const { mqttRoutes, "devices.topics": named } = settings;
  if (named.length > 0) return named;
  return mqttRoutes.filter(isKeyedByDevice).map(({ topic }) => topic.replaceAll(/\{[^}]*\}/g, "*"));
}

function isKeyedByDevice({ key }: MqttRouteSettings): boolean {
  if (typeof key === "string") return key.includes("{") && !key.includes("{topic}");
  return key !== null && !("sparkplug" in key && key.sparkplug === "metric");
}

/** Tells of what was appended in a while, not of every append. */
function gathered(source: HistorySource, clock: Clock): HistorySource {
  return {
    topic: (name) => source.topic(name),
    topics: () => source.topics(),
    onAppended: (listener) => {
      const waiting = new Map<string, Set<number>>();
      let timer: Timer | null = null;
      const tell = () => {
        timer = null;
        const told = [...waiting];
        waiting.clear();
        for (const [topic, partitions] of told) for (const index of partitions) listener(topic, index);
      };
      const stop = source.onAppended((topic, partition) => {
        if (partition < 0) {
          listener(topic, partition);
          return;
        }
        const partitions = waiting.get(topic);
        if (partitions === undefined) waiting.set(topic, new Set([partition]));
        else partitions.add(partition);
        timer ??= clock.after(GATHER_MS, tell);
      });
      return () => {
        timer?.cancel();
        stop();
      };
    },
  };
}

function nameOf({ topicId, index }: HistoryPartition): string {
  return `${topicId}/${index}`;
}

function latin1(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString("latin1");
}

function entryOf(value: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const entry: unknown = JSON.parse(decoder.decode(value));
    return typeof entry === "object" && entry !== null ? (entry as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
