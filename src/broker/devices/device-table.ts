import type { RecordCursor } from "../../records/reader.ts";
import { Device, type DeviceFacts, type SilenceRule } from "./device.ts";
import { asBuffer, type KeyedRecords } from "./keyed-records.ts";

/** Parts that are written down each for itself. */
export const BUCKETS = 64;
/** A key that is longer is no device's. */
export const MAX_KEY_BYTES = 512;
/** Of a client id. */
const MAX_TEXT = 256;

/** What is shorter is copied faster byte by byte. */
const MIN_COPY_BYTES = 24;
/** Whose devices' first records come a moment later. */
const MAX_SENDERS = 10_000;

/** Devices that are found by the bytes of their key, without its text being made: two at each place. A power of two. */
const RECENT = 32 * 1024;

type Sender = Pick<DeviceFacts, "clientId" | "address">;

/** When records that are taken came. */
export interface Moment {
  readonly nowMs: number;
  readonly monotonicMs: number;
  /** Whether they came just now: else they were in the log before, and came at their timestamps, but never later than now. */
  readonly isLive: boolean;
}

/** Whether a record was counted before a restart. */
export type IsCounted = (key: string, offset: number) => boolean;

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
  readonly #limits: TableLimits;
  readonly #topics = new Map<string, Map<string, Device>>();
  readonly #buckets: readonly Set<Device>[] = Array.from({ length: BUCKETS }, () => new Set<Device>());
  /** 1 where a bucket changed since it was last written down. */
  readonly #isChanged = new Uint8Array(BUCKETS);
  readonly #recent: (Device | undefined)[] = Array.from({ length: RECENT }, () => undefined);
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

  /** Buckets that are to be written down. */
  changed(): readonly number[] {
    return Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter((one) => this.#isChanged[one] === 1);
  }

  /** A bucket is to be written down. */
  change(bucket: number): void {
    this.#isChanged[bucket] = 1;
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

  /** Takes up what was kept, longest silent first; the bound may be another one now. */
  restore(facts: readonly DeviceFacts[], monotonicMs: number): void {
    const sorted = facts.toSorted((a, b) => a.lastSeenMs - b.lastSeenMs);
    const beyond = sorted.splice(0, Math.max(0, sorted.length - this.#limits.maxDevices));
    this.forgotten += beyond.length;
    for (const { key } of beyond) this.change(bucketOf(key));
    for (const one of sorted) this.#add(one, monotonicMs);
  }

  /** The record that the cursor is at, where it is a device's. */
  take(
    topic: string,
    partition: number,
    record: RecordCursor,
    moment: Moment,
    isCounted: IsCounted | null,
  ): void {
    const { keyStart, keyEnd, valueStart, valueEnd, offset, timestampMs } = record;
    const bytes = asBuffer(record.bytes);
    if (keyStart < 0 || keyEnd - keyStart > MAX_KEY_BYTES) return;
    const seenMs = seenAt(moment, timestampMs);
    const device = this.#find(topic, bytes, keyStart, keyEnd, moment, seenMs, isCounted, offset);
    if (device === null) return;
    const sizeBytes = keyEnd - keyStart + (valueStart < 0 ? 0 : valueEnd - valueStart);
    this.#note(device, partition, 1, sizeBytes, seenMs, moment);
    this.#noteLast(device, offset, bytes, valueStart, valueEnd);
  }

  /** All records of a batch. */
  takeAll(
    topic: string,
    partition: number,
    records: KeyedRecords,
    moment: Moment,
    isCounted: IsCounted | null,
  ): void {
    const { count, bytes, baseOffset, baseTimestampMs } = records;
    // A device mostly sends some records at once: what they have in common is done once.
    let device = null as Device | null;
    let first = 0;
    let last = 0;
    let sizeBytes = 0;
    let seenMs = moment.nowMs;
    for (let index = 0; index < count; index++) {
      const keyStart = records.keyStart[index] as number;
      const keyEnd = records.keyEnd[index] as number;
      const isSame = device?.isOf(topic, bytes, keyStart, keyEnd) === true;
      if (!isSame || isCounted !== null || !moment.isLive) {
        if (device !== null) {
          this.#note(device, partition, last - first + 1, sizeBytes, seenMs, moment);
          this.#noteLastOf(device, records, last);
        }
        const offset = baseOffset + (records.offsetDelta[index] as number);
        seenMs = seenAt(moment, baseTimestampMs + (records.timestampDelta[index] as number));
        const isKey = keyStart >= 0 && keyEnd - keyStart <= MAX_KEY_BYTES;
        device = isKey ? this.#find(topic, bytes, keyStart, keyEnd, moment, seenMs, isCounted, offset) : null;
        first = index;
        sizeBytes = 0;
      }
      last = index;
      const valueStart = records.valueStart[index] as number;
      sizeBytes +=
        keyEnd - keyStart + (valueStart < 0 ? 0 : (records.valueEnd[index] as number) - valueStart);
    }
    if (device === null) return;
    this.#note(device, partition, last - first + 1, sizeBytes, seenMs, moment);
    this.#noteLastOf(device, records, last);
  }

  /** Records of a topic are gone, and nobody knows whose they were. */
  missed(topic: string): void {
    if (this.incomplete.has(topic)) return;
    this.incomplete.add(topic);
    for (const [key, { facts }] of this.#topics.get(topic) ?? []) {
      facts.exact = false;
      this.change(bucketOf(key));
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
      this.change(bucketOf(key));
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
      this.change(bucketOf(key));
    }
  }

  /** Those that have become silent. */
  fallen(monotonicMs: number, rule: SilenceRule): readonly Device[] {
    const fallen: Device[] = [];
    for (const device of this.#all()) {
      if (!device.falls(monotonicMs, rule)) continue;
      fallen.push(device);
      this.change(bucketOf(device.facts.key));
    }
    return fallen;
  }

  /** What is to be kept of a bucket, which counts as written down. */
  bucket(bucket: number): readonly DeviceFacts[] {
    this.#isChanged[bucket] = 0;
    return Array.from(this.#buckets[bucket] ?? [], (device) => device.kept());
  }

  *#all(): Iterable<Device> {
    for (const devices of this.#topics.values()) yield* devices.values();
  }

  /** Whose record it is; null where it was counted before. */
  #find(
    topic: string,
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    moment: Moment,
    seenMs: number,
    isCounted: IsCounted | null,
    offset: number,
  ): Device | null {
    let hash = 0;
    for (let at = keyStart; at < keyEnd; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
    const place = placeOf(hash);
    let recent = this.#recent[place];
    if (recent?.isOf(topic, bytes, keyStart, keyEnd) !== true) recent = this.#recent[place + 1];
    if (recent?.isOf(topic, bytes, keyStart, keyEnd) === true) {
      return isCounted?.(recent.facts.key, offset) === true ? null : recent;
    }
    const key = bytes.toString("latin1", keyStart, keyEnd);
    if (isCounted?.(key, offset) === true) return null;
    const device = this.get(topic, key) ?? this.#add(this.#unseen(topic, key, seenMs), moment.monotonicMs);
    this.#recent[place + 1] = this.#recent[place];
    this.#recent[place] = device;
    return device;
  }

  #note(
    device: Device,
    partition: number,
    count: number,
    sizeBytes: number,
    seenMs: number,
    moment: Moment,
  ): void {
    this.#turn += 1;
    device.turn = this.#turn;
    device.partition = partition;
    if (seenMs > device.lastSeenMs) device.lastSeenMs = seenMs;
    device.records += count;
    device.bytes += sizeBytes;
    if (moment.isLive) device.arrived(moment.monotonicMs, count);
    this.#isChanged[device.bucket] = 1;
  }

  #noteLastOf(device: Device, records: KeyedRecords, index: number): void {
    const offset = records.baseOffset + (records.offsetDelta[index] as number);
    const valueStart = records.valueStart[index] as number;
    this.#noteLast(device, offset, records.bytes, valueStart, records.valueEnd[index] as number);
  }

  #noteLast(device: Device, offset: number, bytes: Buffer, valueStart: number, valueEnd: number): void {
    device.lastOffset = offset;
    const valueSizeBytes = valueStart < 0 ? 0 : valueEnd - valueStart;
    device.valueSizeBytes = valueSizeBytes;
    if (valueStart < 0) device.value = null;
    else {
      const kept = Math.min(valueSizeBytes, this.#limits.valueBytes);
      device.value = copied(device.value, bytes, valueStart, kept);
    }
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
    this.#buckets[device.bucket]?.add(device);
    this.#count += 1;
    this.#sorted = null;
    return device;
  }

  /** A hundredth at once, so that looking for them costs little where every record is of a new device. */
  #forget(): void {
    const share = Math.max(1, Math.floor(this.#limits.maxDevices / 100));
    const oldest = [...this.#all()].toSorted((a, b) => a.turn - b.turn).slice(0, share);
    for (const device of oldest) {
      const { facts, bucket } = device;
      const devices = this.#topics.get(facts.topic);
      devices?.delete(facts.key);
      if (devices?.size === 0) this.#topics.delete(facts.topic);
      this.#buckets[bucket]?.delete(device);
      const place = placeOf(hashOf(facts.key));
      if (this.#recent[place] === device) this.#recent[place] = undefined;
      if (this.#recent[place + 1] === device) this.#recent[place + 1] = undefined;
      this.change(bucket);
      this.#count -= 1;
      this.forgotten += 1;
    }
    this.#sorted = null;
  }
}

/** Which part of the table a key belongs to. */
export function bucketOf(key: string): number {
  return (hashOf(key) >>> 0) % BUCKETS;
}

/** The same as of the key's bytes, of which it has a character each. */
function hashOf(key: string): number {
  let hash = 0;
  for (let at = 0; at < key.length; at++) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
  return hash;
}

/** The first of two; keys that differ in their end only are to be far from each other. */
function placeOf(hash: number): number {
  return (Math.imul(hash, 0x9e3779b1) >>> 15) & (RECENT - 2);
}

function seenAt({ nowMs, isLive }: Moment, timestampMs: number): number {
  return isLive || timestampMs < 0 ? nowMs : Math.min(nowMs, timestampMs);
}

/** A part of `bytes`, in `target` where that is just as large: values of a device mostly are. */
function copied(target: Uint8Array | null, bytes: Buffer, start: number, length: number): Uint8Array {
  const value = target !== null && target.length === length ? target : new Uint8Array(length);
  if (length >= MIN_COPY_BYTES) bytes.copy(value, 0, start, start + length);
  else for (let index = 0; index < length; index++) value[index] = bytes[start + index] as number;
  return value;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
