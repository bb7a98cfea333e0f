import type { Ingest } from "../../broker/ingest.ts";
import type { MqttDownlinkSettings } from "../../config/mqtt-downlink-options.ts";
import type { Door } from "../door.ts";
import type { Followers } from "../history/followers.ts";
import type { HistoryPartition } from "../history/source.ts";
import type { MessageOrigin } from "../sessions/outbound.ts";
import { DeliveryReports, readOrigin } from "./delivery-reports.ts";
import {
  cursorName,
  type DownlinkCursors,
  decodePosition,
  encodePosition,
  startOf,
} from "./downlink-cursor.ts";
import { type DownlinkBugs, type DownlinkParts, PartitionDownlink } from "./partition-downlink.ts";
import { DownlinkTarget } from "./target.ts";

export interface DownlinksParts {
  readonly door: Door;
  readonly followers: Followers;
  readonly cursors: DownlinkCursors;
  /** For reports and dead letters. */
  readonly ingest: Ingest;
  readonly downlinks: readonly MqttDownlinkSettings[];
  readonly bugs?: DownlinkBugs;
}

/**
 * Topics whose records are published to MQTT clients: to those that are subscribed, and to the sessions of those that
 * are away. Nothing is appended: a downlink can't feed itself.
 */
export class Downlinks {
  readonly #parts: DownlinksParts;
  readonly #running: Running[];
  #stopListening: (() => void) | null = null;

  constructor(parts: DownlinksParts) {
    this.#parts = parts;
    this.#running = parts.downlinks.map((settings) => new Running(parts, settings));
  }

  /** Begins in the topics that there are, and waits for the others. */
  start(): void {
    if (this.#running.length === 0) return;
    for (const running of this.#running) running.take(false);
    this.#stopListening = this.#parts.followers.onTopics((topic) => {
      for (const running of this.#running) if (running.settings.topic === topic) running.take(true);
    });
  }

  /** Something may have settled. */
  settle(): void {
    for (const running of this.#running) running.settle();
  }

  /** Who hears what became of a message that was kept over a restart; null where nobody does any more. */
  originOf(bytes: Uint8Array): MessageOrigin | null {
    const origin = readOrigin(bytes);
    const running = this.#running.find(({ settings }) => settings.name === origin?.downlink);
    return origin === null ? null : (running?.reports?.origin(origin.place) ?? null);
  }

  /** Records that are committed and not published, of all downlinks. */
  get lagRecords(): number {
    return this.#running.reduce((sum, { lagRecords }) => sum + lagRecords, 0);
  }

  close(): void {
    this.#stopListening?.();
    for (const running of this.#running) running.stop();
  }
}

/** One downlink, in all partitions of its topic. */
class Running {
  readonly settings: MqttDownlinkSettings;
  readonly reports: DeliveryReports | null;
  readonly #all: DownlinksParts;
  readonly #parts: DownlinkParts;
  readonly #partitions = new Map<HistoryPartition, PartitionDownlink>();

  constructor(all: DownlinksParts, settings: MqttDownlinkSettings) {
    const { door, ingest } = all;
    const { name, reportsTopic } = settings;
    this.settings = settings;
    const reporting = { ingest, clock: door.clock, log: door.log, stats: door.stats };
    this.reports =
      reportsTopic === null ? null : new DeliveryReports(reporting, { name, topic: reportsTopic });
    this.#all = all;
    this.#parts = {
      ...all,
      settings,
      target: new DownlinkTarget(settings.target),
      reports: this.reports,
      bugs: all.bugs ?? {},
      ended: (partition) => this.#partitions.delete(partition),
    };
  }

  /** Takes up partitions that it is not in. `areNew`: they came while it was running. */
  take(areNew: boolean): void {
    const topic = this.#all.followers.source.topic(this.settings.topic);
    if (topic === null || topic.internal) return;
    for (const partition of topic.partitions) {
      if (!this.#partitions.has(partition)) this.#begin(partition, areNew);
    }
  }

  settle(): void {
    this.reports?.settle();
    for (const partition of this.#partitions.values()) partition.settle();
  }

  get lagRecords(): number {
    let sum = 0;
    for (const partition of this.#partitions.values()) sum += partition.lagRecords;
    return sum;
  }

  stop(): void {
    for (const partition of this.#partitions.values()) partition.stop();
    this.#partitions.clear();
  }

  #begin(partition: HistoryPartition, isNew: boolean): void {
    const { cursors, door } = this.#all;
    const { topicId, topic, index } = partition;
    const name = cursorName(this.settings.name, index);
    const position = decodePosition(cursors.get(name));
    const { offset, warning } = startOf(partition, position, this.settings.from, isNew);
    if (warning !== null) door.log.warn(warning, { downlink: this.settings.name, topic, partition: index });
    // Written down at once: what comes from here on is to be published, also where a crash comes first.
    if (position?.offset !== offset || position.topicId !== topicId) {
      cursors.set(name, encodePosition({ topicId, offset }));
    }
    this.#partitions.set(partition, new PartitionDownlink(this.#parts, partition, offset));
  }
}
