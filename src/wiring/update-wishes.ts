import { hasCode } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import { decodeRecords } from "../records/reader.ts";
import { EVERYBODY, MAX_DESIRED_BYTES } from "../update/desired.ts";
import { localSource } from "./local-source.ts";

const READ_BYTES = 128 * 1024;

/** The latest record of a topic for a gateway, by its own id, its ring or for everybody: of the first of these that there is one for. */
export class Wishes {
  readonly #broker: Broker;
  readonly #source: ReturnType<typeof localSource>;
  readonly #topic: string;
  readonly #keys: readonly string[];
  readonly #logger: Logger;
  readonly #values = new Map<string, Uint8Array>();
  readonly #next = new Map<number, number>();
  #topicId: string | null = null;

  constructor(broker: Broker, topic: string, gatewayId: string, ring: string, logger: Logger) {
    this.#broker = broker;
    this.#source = localSource(broker);
    this.#topic = topic;
    this.#keys = [gatewayId, ...(ring === "" ? [] : [ring]), EVERYBODY];
    this.#logger = logger;
  }

  /** Reads a piece of what has come since; null where there is no wish. */
  latest(): Uint8Array | null {
    const topic = this.#broker.topics.get(this.#topic);
    if (topic === null) return null;
    if (topic.id !== this.#topicId) {
      this.#topicId = topic.id;
      this.#next.clear();
      this.#values.clear();
    }
    for (const { index } of topic.partitions) this.#read(index);
    for (const key of this.#keys) {
      const value = this.#values.get(key);
      if (value !== undefined) return value;
    }
    return null;
  }

  #read(partition: number): void {
    const bounds = this.#source.bounds(this.#topic, partition);
    if (bounds === null) return;
    const from = Math.max(this.#next.get(partition) ?? 0, bounds.logStartOffset);
    if (from >= bounds.highWatermark) return;
    try {
      const { bytes, nextOffset } = this.#source.read(this.#topic, partition, from, READ_BYTES);
      for (const { key, value } of decodeRecords(bytes)) this.#take(key, value);
      this.#next.set(partition, nextOffset);
    } catch (error) {
      if (!hasCode(error, "DISK_IO") && !hasCode(error, "MALFORMED")) throw error;
      this.#logger.warn("records of desired versions can't be read and are left out", { error, partition });
      this.#next.set(partition, bounds.highWatermark);
    }
  }

  #take(key: Uint8Array | null, value: Uint8Array | null): void {
    if (key === null) return;
    const name = this.#keys.find((candidate) => candidate === new TextDecoder().decode(key));
    if (name === undefined) return;
    if (value === null || value.length > MAX_DESIRED_BYTES) this.#values.delete(name);
    else this.#values.set(name, value);
  }
}
