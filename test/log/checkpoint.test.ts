import { expect, test } from "bun:test";
import { crc32c } from "../../src/base/crc32c.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import {
  type Checkpoint,
  CheckpointSlots,
  decodeCheckpoint,
  encodeCheckpoint,
} from "../../src/log/checkpoint.ts";
import { ByteWriter } from "../../src/log/encoding.ts";
import { putInt32 } from "../../src/records/big-endian.ts";
import { topicId } from "./support.ts";

function checkpoint(sequence: number, logs = 2): Checkpoint {
  return {
    storeId: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]),
    sequence,
    floorGeneration: 2 ** 35,
    logs: Array.from({ length: logs }, (_, partition) => ({
      topic: "telemetry",
      topicId: topicId(4),
      partition,
      logStartOffset: 2 ** 41,
      segments: [
        {
          baseOffset: 2 ** 41,
          sizeBytes: 99,
          nextOffset: 2 ** 41 + 5,
          maxTimestampMs: -1,
          maxTimestampBatch: -1,
          transactions: { openCount: 3, abortedCount: -1, lists: null },
        },
        {
          baseOffset: 2 ** 41 + 5,
          sizeBytes: 0,
          nextOffset: 2 ** 41 + 5,
          maxTimestampMs: 7,
          maxTimestampBatch: 3,
          transactions: {
            openCount: 1,
            abortedCount: 1,
            lists: {
              open: [{ producerId: 2 ** 40, firstOffset: 2 ** 41 }],
              aborted: [
                {
                  producerId: 7,
                  firstOffset: 2 ** 41 + 1,
                  lastOffset: 2 ** 41 + 4,
                  lastStableOffset: 2 ** 41,
                },
              ],
            },
          },
        },
      ],
      epochs: [{ epoch: 3, startOffset: 2 ** 41 }],
      producers: [
        {
          producerId: 2 ** 40,
          producerEpoch: 2,
          coordinatorEpoch: 9,
          transactionOffset: 2 ** 41,
          anySequence: true,
          silentMs: 12,
          lastTimestampMs: 2 ** 42,
          batches: [
            {
              baseSequence: 1,
              lastSequence: 4,
              baseOffset: 2 ** 41,
              lastOffset: 2 ** 41 + 3,
              timestampMs: 5,
            },
          ],
        },
      ],
    })),
  };
}

test("a checkpoint comes back as it was", () => {
  expect(decodeCheckpoint(encodeCheckpoint(checkpoint(7)))).toEqual(checkpoint(7));
  expect(decodeCheckpoint(encodeCheckpoint(checkpoint(1, 0)))).toEqual(checkpoint(1, 0));
});

test("one of before there were transactions is read", () => {
  const writer = new ByteWriter();
  // Magic, sum, version 1, size; store id, sequence, floor generation; one log.
  for (const word of [0x48574350, 0, 1, 0]) writer.int32(word);
  writer.bytes(new Uint8Array(8));
  for (const word of [5, 6]) writer.int64(word);
  writer.int32(1);
  writer.text("telemetry");
  writer.bytes(new Uint8Array(16));
  writer.int32(0);
  writer.int64(40);
  // A segment, no leader epoch, a producer with a batch.
  writer.int32(1);
  for (const word of [40, 99, 45, 7, 41]) writer.int64(word);
  writer.int32(0);
  writer.int32(1);
  writer.int64(9);
  writer.int32(2);
  writer.int64(12);
  writer.uint8(1);
  for (const word of [1, 4]) writer.int32(word);
  for (const word of [41, 44, 5]) writer.int64(word);
  const bytes = writer.view().slice();
  putInt32(bytes, 12, bytes.length);
  putInt32(bytes, 4, crc32c(bytes, 8, bytes.length));
  const log = decodeCheckpoint(bytes)?.logs[0];
  expect(log?.segments).toEqual([
    {
      baseOffset: 40,
      sizeBytes: 99,
      nextOffset: 45,
      maxTimestampMs: 7,
      maxTimestampBatch: 41,
      transactions: { openCount: 0, abortedCount: 0, lists: null },
    },
  ]);
  expect(log?.producers).toMatchObject([
    {
      producerId: 9,
      producerEpoch: 2,
      coordinatorEpoch: -1,
      transactionOffset: -1,
      anySequence: false,
      silentMs: 12,
      batches: [{ baseSequence: 1, lastSequence: 4, baseOffset: 41, lastOffset: 44, timestampMs: 5 }],
    },
  ]);
});

test("nothing is believed that is cut or changed", () => {
  const bytes = encodeCheckpoint(checkpoint(7)).slice();
  for (let length = 0; length < bytes.length; length++)
    expect(decodeCheckpoint(bytes.subarray(0, length))).toBeNull();
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.slice();
    flipped[at] = (flipped[at] as number) ^ 0x20;
    expect(decodeCheckpoint(flipped)).toBeNull();
  }
});

test("a torn write leaves the checkpoint before", async () => {
  for (let seed = 0; seed < 40; seed++) {
    const disk = new SimulatedDisk({ seed, syncs: "manual" });
    disk.makeFolder("/data");
    const slots = new CheckpointSlots(disk, "/data");
    for (const sequence of [1, 2, 3]) {
      const written = slots.write(checkpoint(sequence, 300));
      disk.finishSyncs();
      await written;
    }
    disk.syncFolderNow("/");
    void slots.write(checkpoint(4, 400));
    const found = new CheckpointSlots(disk.crash("sectors", seed), "/data").read();
    expect(found?.sequence === 3 || found?.sequence === 4).toBe(true);
  }
});
