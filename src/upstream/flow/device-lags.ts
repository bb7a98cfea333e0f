import { encodeDeviceKey } from "../../base/device-name.ts";
import { HeadwaterError } from "../../base/errors.ts";
import { RecordCursor } from "../../records/reader.ts";
import type { LocalSource } from "../source.ts";
import type { UplinkTopicStatus } from "../status.ts";
import type { DeviceLags } from "./status.ts";

/** Read of all partitions together, and of each, for one sample. */
const SAMPLE_BYTES = 1024 * 1024;
const PARTITION_BYTES = 64 * 1024;
/** Keys that are told apart in a sample. */
const MAX_DEVICES = 10_000;
const TOP = 10;

interface Count {
  records: number;
  bytes: number;
  oldestMs: number;
}

/**
 * Whose records wait, by a sample: the first `PARTITION_BYTES` of what waits in each partition, up to `SAMPLE_BYTES`.
 * That is where a device's oldest record is, and all there is where little waits.
 */
export function sampleDevices(
  source: LocalSource,
  topics: readonly UplinkTopicStatus[],
  nowMs: number | null,
): DeviceLags {
  const devices = new Map<string | null, Count>();
  let leftBytes = SAMPLE_BYTES;
  let sampledRecords = 0;
  let isComplete = true;
  for (const { topic, partitions } of topics) {
    for (const { partition, position, highWatermark, lagRecords } of partitions) {
      if (lagRecords === 0) continue;
      if (position < 0 || leftBytes <= 0) {
        isComplete = false;
        continue;
      }
      const sample = samplePartition(source, topic, partition, position, devices);
      leftBytes -= sample.bytes;
      sampledRecords += sample.records;
      if (sample.nextOffset < highWatermark) isComplete = false;
    }
  }
  const sorted = [...devices].sort(([, a], [, b]) => b.records - a.records || a.oldestMs - b.oldestMs);
  const top = sorted.slice(0, TOP).map(([device, { records, bytes, oldestMs }]) => ({
    device,
    records,
    bytes,
    lagMs: nowMs === null ? null : Math.max(0, nowMs - oldestMs),
  }));
  return { top, sampledRecords, isComplete };
}

function samplePartition(
  source: LocalSource,
  topic: string,
  partition: number,
  position: number,
  devices: Map<string | null, Count>,
): { readonly bytes: number; readonly records: number; readonly nextOffset: number } {
  const cursor = new RecordCursor({ verifyCrc: false });
  let records = 0;
  try {
    const { bytes, nextOffset } = source.read(topic, partition, position, PARTITION_BYTES);
    cursor.open(bytes);
    while (cursor.next()) {
      if (cursor.offset < position || cursor.isControl) continue;
      records += 1;
      note(devices, cursor);
    }
    return { bytes: bytes.length, records, nextOffset };
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return { bytes: 0, records, nextOffset: position };
  }
}

function note(devices: Map<string | null, Count>, cursor: RecordCursor): void {
  const key = cursor.key();
  const device = key === null ? null : encodeDeviceKey(key);
  let count = devices.get(device);
  if (count === undefined) {
    if (devices.size >= MAX_DEVICES) return;
    count = { records: 0, bytes: 0, oldestMs: Number.POSITIVE_INFINITY };
    devices.set(device, count);
  }
  count.records += 1;
  count.bytes += (cursor.value()?.length ?? 0) + (key?.length ?? 0);
  count.oldestMs = Math.min(count.oldestMs, cursor.timestampMs);
}
