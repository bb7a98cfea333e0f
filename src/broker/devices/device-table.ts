import type { RecordCursor } from "../../records/reader.ts";
import { Device, type DeviceFacts, type SilenceRule } from "./device.ts";

/** Parts that are written down each for itself. */
export const BUCKETS = 64;
/** A key that is longer is no device's. */
export const MAX_KEY_BYTES = 512;
/** Of a client id. */
const MAX_TEXT = 256;

/** Whose devices' first records come a moment later. */
const MAX_SENDERS = 10_000;

type Sender = Pick<DeviceFacts, "clientId" | "address">;

export interface TableLimits {
  readonly maxDevices: number;
  readonly valueBytes: number;
}

/** Which devices there are, and what was seen of them. Bounded: beyond `maxDevices` the longest silent ones go. */
export class DeviceTable {
  /** Those that were forgotten for want of room, ever. */
  forgotten = 0;
  /** Topics of which records were gone before they were looked at. */
  readonly incomplete = new Set<string>();
  /** Buckets that changed since they were last written down. */
  readonly dirty = new Set<number>();
  readonly #limits: TableLimits;
  readonly #topics = new Map<string, Map<string, Device>>();
  /** Of devices whose first record was not looked at yet. */
  readonly #senders = new Map<string, Sender>();
  #turn = 0;
  #count = 0;
  #sorted: readonly Device[] | null = null;

  constructor(limits: TableLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  get max(): number {
    return this.#limits.maxDevices;
  }

  /** How many are silent. */
  get silentCount(): number {
    let count = 0;
    for (const { facts } of this.#all()) if (facts.silent) count += 1;
    return count;
  }

  get(topic: string, key: string): Device | null {
    return this.#topics.get(topic)?.get(key) ?? null;
  }

  /** By key, then topic. */
  sorted(): readonly Device[] {
    this.#sorted ??= [...this.#all()].toSorted(
      ({ facts: a }, { facts: b }) => compare(a.key, b.key) || compare(a.topic, b.topic),
    );
    return this.#sorted;
  }

  /** Takes up what was kept, longest silent first. */
  restore(facts: readonly DeviceFacts[], monotonicMs: number): void {
    for (const one of facts.toSorted((a, b) => a.lastSeenMs - b.lastSeenMs)) {
      this.#add(one, monotonicMs);
    }
  }

  /**
   * A record of a device: the cursor is at it. It was seen at `seenMs` of the wall clock; `isLive` says that it came just
   * now, else it was in the log before.
   */
  take(
    topic: string,
    partition: number,
    key: string,
    record: RecordCursor,
    seenMs: number,
    monotonicMs: number,
    isLive: boolean,
  ): void {
    const device = this.get(topic, key) ?? this.#add(this.#unseen(topic, key, seenMs), monotonicMs);
    const { facts } = device;
    this.#turn += 1;
    device.turn = this.#turn;
    facts.partition = partition;
    facts.lastOffset = record.offset;
    facts.lastSeenMs = Math.max(facts.lastSeenMs, seenMs);
    facts.records += 1;
    const { valueStart, valueEnd } = record;
    facts.valueSizeBytes = valueStart < 0 ? 0 : valueEnd - valueStart;
    facts.bytes += key.length + facts.valueSizeBytes;
    facts.value =
      valueStart < 0 ? null : copied(facts.value, record.bytes, valueStart, this.#valueEnd(record));
    if (isLive) device.arrived(monotonicMs);
    this.dirty.add(device.bucket);
  }

  /** Records of a topic are gone, and nobody knows whose they were. */
  missed(topic: string): void {
    if (this.incomplete.has(topic)) return;
    this.incomplete.add(topic);
    for (const [key, { facts }] of this.#topics.get(topic) ?? []) {
      facts.exact = false;
      this.dirty.add(bucketOf(key));
    }
  }

  /** Notes a loss of a device, in one topic or, with null, wherever it is known. */
  lost(topic: string | null, key: string, records: number, atMs: number, reason: string): void {
    const topics = topic === null ? [...this.#topics.keys()] : [topic];
    for (const name of topics) {
      const facts = this.get(name, key)?.facts;
      if (facts === undefined) continue;
      facts.gaps ??= { records: 0, lastAtMs: 0, reason };
      facts.gaps.records += records;
      facts.gaps.lastAtMs = atMs;
      facts.gaps.reason = reason;
      this.dirty.add(bucketOf(key));
    }
  }

  /** Who sends for a device, by MQTT. Remembered for a while where the device is not known yet. */
  sender(topic: string, key: string, clientId: string, address: string | null): void {
    const sender: Sender = { clientId: clientId.slice(0, MAX_TEXT), address };
    const facts = this.get(topic, key)?.facts;
    if (facts === undefined) {
      const [oldest] = this.#senders.keys();
      if (oldest !== undefined && this.#senders.size >= MAX_SENDERS) this.#senders.delete(oldest);
      this.#senders.set(`${topic}/${key}`, sender);
    } else if (facts.clientId !== sender.clientId || facts.address !== address) {
      Object.assign(facts, sender);
      this.dirty.add(bucketOf(key));
    }
  }

  /** Those that have become silent. */
  fallen(monotonicMs: number, rule: SilenceRule): readonly Device[] {
    const fallen: Device[] = [];
    for (const device of this.#all()) {
      if (!device.falls(monotonicMs, rule)) continue;
      fallen.push(device);
      this.dirty.add(bucketOf(device.facts.key));
    }
    return fallen;
  }

  /** What is to be kept of a bucket. */
  bucket(bucket: number): readonly DeviceFacts[] {
    const found: DeviceFacts[] = [];
    for (const device of this.#all()) if (device.bucket === bucket) found.push(device.facts);
    return found;
  }

  *#all(): Iterable<Device> {
    for (const devices of this.#topics.values()) yield* devices.values();
  }

  #valueEnd({ valueStart, valueEnd }: RecordCursor): number {
    return Math.min(valueEnd, valueStart + this.#limits.valueBytes);
  }

  #unseen(topic: string, key: string, seenMs: number): DeviceFacts {
    const name = `${topic}/${key}`;
    const sender = this.#senders.get(name) ?? { clientId: null, address: null };
    this.#senders.delete(name);
    return {
      ...{ key, topic, partition: 0, lastOffset: -1, firstSeenMs: seenMs, lastSeenMs: seenMs },
      ...{ records: 0, bytes: 0, exact: this.forgotten === 0 && !this.incomplete.has(topic) },
      ...{ value: null, valueSizeBytes: 0, intervalMs: 0, deviationMs: 0, intervals: 0 },
      ...{ silent: false, gaps: null, ...sender },
    };
  }

  #add(facts: DeviceFacts, monotonicMs: number): Device {
    if (this.#count >= this.#limits.maxDevices) this.#forget();
    const device = new Device(facts, bucketOf(facts.key), monotonicMs);
    this.#turn += 1;
    device.turn = this.#turn;
    const devices = this.#topics.get(facts.topic) ?? new Map<string, Device>();
    this.#topics.set(facts.topic, devices.set(facts.key, device));
    this.#count += 1;
    this.#sorted = null;
    return device;
  }

  /** A hundredth at once, so that looking for them costs little where every record is of a new device. */
  #forget(): void {
    const share = Math.max(1, Math.floor(this.#limits.maxDevices / 100));
    const oldest = [...this.#all()].toSorted((a, b) => a.turn - b.turn).slice(0, share);
    for (const { facts } of oldest) {
      const devices = this.#topics.get(facts.topic);
      devices?.delete(facts.key);
      if (devices?.size === 0) this.#topics.delete(facts.topic);
      this.dirty.add(bucketOf(facts.key));
      this.#count -= 1;
      this.forgotten += 1;
    }
  }
}

/** Which part of the table a key belongs to. */
export function bucketOf(key: string): number {
  let hash = 0;
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  return (hash >>> 0) % BUCKETS;
}

/** A part of `bytes`, in `target` where that is just as large: values of a device mostly are. */
function copied(target: Uint8Array | null, bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start;
  if (target === null || target.length !== length) return bytes.slice(start, end);
  for (let index = 0; index < length; index++) target[index] = bytes[start + index] ?? 0;
  return target;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
