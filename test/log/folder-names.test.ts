import { expect, test } from "bun:test";
import {
  LOG_SUFFIX,
  parsePartitionFolderName,
  parseSegmentName,
  partitionFolderName,
  segmentName,
} from "../../src/log/folder-names.ts";
import { decodePartitionMetadata, encodePartitionMetadata } from "../../src/log/partition-metadata.ts";
import { topicId } from "./support.ts";

test("partition folders are named as in Kafka", () => {
  expect(partitionFolderName("a-b.c_d", 12)).toBe("a-b.c_d-12");
  expect(parsePartitionFolderName("a-b.c_d-12")).toEqual({ topic: "a-b.c_d", partition: 12 });
  expect(parsePartitionFolderName("__cluster_metadata-0")).toEqual({
    topic: "__cluster_metadata",
    partition: 0,
  });
  for (const name of [
    "a",
    "a-",
    "-1",
    "a-01",
    "a-x",
    "a-99999999999",
    "..-1",
    "a/b-1",
    "a-1.abc-delete",
    "a b-1",
  ]) {
    expect(parsePartitionFolderName(name)).toBeNull();
  }
});

test("segments are named by twenty digits", () => {
  expect(segmentName(42)).toBe("00000000000000000042");
  expect(parseSegmentName("00000000000000000042.log", LOG_SUFFIX)).toBe(42);
  for (const name of [
    "42.log",
    "0000000000000000004x.log",
    "00000000000000000042.index",
    "99999999999999999999.log",
  ]) {
    expect(parseSegmentName(name, LOG_SUFFIX)).toBeNull();
  }
});

test("a partition's metadata names its topic, or nobody", () => {
  const bytes = encodePartitionMetadata(topicId(3));
  expect(decodePartitionMetadata(bytes)).toBe(topicId(3));
  for (let length = 0; length < bytes.length; length++) {
    expect(decodePartitionMetadata(bytes.subarray(0, length))).toBeNull();
  }
  for (let at = 0; at < bytes.length; at++) {
    const flipped = bytes.slice();
    flipped[at] = (flipped[at] as number) ^ 1;
    expect(decodePartitionMetadata(flipped)).toBeNull();
  }
});
