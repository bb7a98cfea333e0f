import { expect, test } from "bun:test";
import { AssertionError } from "../../../src/base/assert.ts";
import { hasCode } from "../../../src/base/errors.ts";
import type { Uuid } from "../../../src/base/ids.ts";
import { API_VERSIONS_REQUEST } from "../../../src/kafka/wire/generated/api-versions-request.ts";
import { CONSUMER_GROUP_MEMBER_METADATA_VALUE } from "../../../src/kafka/wire/generated/consumer-group-member-metadata-value.ts";
import {
  DEFAULT_FETCH_RESPONSE,
  DEFAULT_FETCHABLE_TOPIC_RESPONSE,
  DEFAULT_PARTITION_DATA,
  FETCH_RESPONSE,
  type FetchResponse,
  type PartitionData,
} from "../../../src/kafka/wire/generated/fetch-response.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../../src/kafka/wire/generated/metadata-request.ts";
import {
  DEFAULT_PARTITION_CHANGE_RECORD,
  PARTITION_CHANGE_RECORD,
} from "../../../src/kafka/wire/generated/partition-change-record.ts";
import {
  DEFAULT_TRANSACTION_LOG_VALUE,
  TRANSACTION_LOG_VALUE,
} from "../../../src/kafka/wire/generated/transaction-log-value.ts";
import type { MessageCodec } from "../../../src/kafka/wire/message.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { Writer } from "../../../src/kafka/wire/writer.ts";

function encode<T>(codec: MessageCodec<T>, message: T, version: number): string {
  const writer = new Writer(1);
  codec.write(writer, message, version);
  return writer.toBytes().toHex();
}

function decode<T>(codec: MessageCodec<T>, hex: string, version: number): T {
  const reader = new Reader(Uint8Array.fromHex(hex));
  const message = codec.read(reader, version);
  reader.expectEnd();
  return message;
}

function codeOf(run: () => unknown): unknown {
  try {
    run();
    return null;
  } catch (error) {
    return hasCode(error, "MALFORMED") ? "MALFORMED" : hasCode(error, "UNSUPPORTED") ? "UNSUPPORTED" : error;
  }
}

function fetched(partition: Partial<PartitionData>): FetchResponse {
  const partitions = [{ ...DEFAULT_PARTITION_DATA, ...partition }];
  return { ...DEFAULT_FETCH_RESPONSE, responses: [{ ...DEFAULT_FETCHABLE_TOPIC_RESPONSE, partitions }] };
}

test("unknown tagged fields are kept and written back", () => {
  // Software name "a", version "b", then tag 7 with two bytes and tag 300 with none.
  const hex = "02610262020702aabbac0200";
  const message = decode(API_VERSIONS_REQUEST, hex, 3);
  expect(message.clientSoftwareName).toBe("a");
  expect(message.unknownTaggedFields?.map(({ tag, bytes }) => [tag, bytes.toHex()])).toEqual([
    [7, "aabb"],
    [300, ""],
  ]);
  expect(encode(API_VERSIONS_REQUEST, message, 3)).toBe(hex);
});

test("unknown tagged fields go between known ones, in the order of tags", () => {
  const message = fetched({
    divergingEpoch: { epoch: 1, endOffset: 2 },
    snapshotId: { endOffset: 3, epoch: 4 },
    unknownTaggedFields: [
      { tag: 3, bytes: new Uint8Array([9]) },
      { tag: 40, bytes: new Uint8Array([8]) },
    ],
  });
  const hex = encode(FETCH_RESPONSE, message, 12);
  const tags = ["000d00000001000000000000000200", "020d00000000000000030000000400", "030109", "280108"];
  expect(hex).toContain(`04${tags.join("")}`);
  expect(decode(FETCH_RESPONSE, hex, 12)).toStrictEqual(message);
});

test("a field that is tagged from a later version on is unknown before it", () => {
  // NodeEndpoints has tag 0 from version 16 on; in version 13 the same tag belongs to nobody.
  const hex = `${"00".repeat(10)}01${"01000101"}`;
  const message = decode(FETCH_RESPONSE, hex, 13);
  expect(message.nodeEndpoints).toEqual([]);
  expect(message.unknownTaggedFields?.map(({ tag, bytes }) => [tag, bytes.toHex()])).toEqual([[0, "01"]]);
  expect(encode(FETCH_RESPONSE, message, 13)).toBe(hex);
});

test("a known tagged field has to use its size up", () => {
  const hex = encode(FETCH_RESPONSE, fetched({ divergingEpoch: { epoch: 1, endOffset: 2 } }), 12);
  const good = "01000d00000001000000000000000200";
  expect(hex).toContain(good);
  const longer = hex.replace(good, "01000e0000000100000000000000020000");
  const shorter = hex.replace(good, "01000c000000010000000000000002");
  expect(codeOf(() => decode(FETCH_RESPONSE, longer, 12))).toBe("MALFORMED");
  expect(codeOf(() => decode(FETCH_RESPONSE, shorter, 12))).toBe("MALFORMED");
});

test("an unknown tagged field can't have the tag of a known one", () => {
  const message = fetched({ unknownTaggedFields: [{ tag: 1, bytes: new Uint8Array(1) }] });
  expect(() => encode(FETCH_RESPONSE, message, 12)).toThrow(AssertionError);
});

test("tagged fields are written by ascending tag, whatever the order of the schema", () => {
  const message = {
    ...DEFAULT_PARTITION_CHANGE_RECORD,
    partitionId: 1,
    directories: ["AAAAAAAAAAAAAAAAAAAAAQ" as Uuid],
    eligibleLeaderReplicas: [2],
    lastKnownElr: [],
    leader: 5,
  };
  const hex = `00000001${"00".repeat(16)}04${"010400000005"}${"06050200000002"}${"070101"}${"081102"}${"00".repeat(15)}01`;
  expect(encode(PARTITION_CHANGE_RECORD, message, 2)).toBe(hex);
  expect(decode(PARTITION_CHANGE_RECORD, hex, 2)).toStrictEqual(message);
});

test("a nullable struct in a tagged field has a varint before it", () => {
  const classicMemberMetadata = { sessionTimeoutMs: 1, supportedProtocols: [] };
  const message = {
    instanceId: null,
    rackId: null,
    clientId: "c",
    clientHost: "h",
    subscribedTopicNames: [],
    subscribedTopicRegex: null,
    rebalanceTimeoutMs: -1,
    serverAssignor: null,
    classicMemberMetadata,
  };
  const hex = encode(CONSUMER_GROUP_MEMBER_METADATA_VALUE, message, 0);
  expect(hex.endsWith("01000701000000010100")).toBe(true);
  expect(decode(CONSUMER_GROUP_MEMBER_METADATA_VALUE, hex, 0)).toStrictEqual(message);
  const absent = `${hex.slice(0, -20)}01000100`;
  expect(decode(CONSUMER_GROUP_MEMBER_METADATA_VALUE, absent, 0).classicMemberMetadata).toBe(null);
});

test("fields with tagged versions only belong to those versions", () => {
  const hex = encode(TRANSACTION_LOG_VALUE, { ...DEFAULT_TRANSACTION_LOG_VALUE, nextProducerId: 5 }, 1);
  expect(hex.endsWith("0101080000000000000005")).toBe(true);
  const refused = codeOf(() =>
    encode(TRANSACTION_LOG_VALUE, { ...DEFAULT_TRANSACTION_LOG_VALUE, nextProducerId: 5 }, 0),
  );
  expect(refused).toBe("UNSUPPORTED");
});

test("a value that a version has no place for: dropped where the schema says ignorable, else refused", () => {
  expect(codeOf(() => encode(FETCH_RESPONSE, { ...DEFAULT_FETCH_RESPONSE, errorCode: 5 }, 6))).toBe(null);
  expect(codeOf(() => encode(FETCH_RESPONSE, { ...DEFAULT_FETCH_RESPONSE, sessionId: 5 }, 6))).toBe(
    "UNSUPPORTED",
  );
  expect(codeOf(() => encode(FETCH_RESPONSE, { ...DEFAULT_FETCH_RESPONSE, sessionId: 5 }, 7))).toBe(null);
  const snapshot = fetched({ snapshotId: { endOffset: 1, epoch: 1 } });
  expect(codeOf(() => encode(FETCH_RESPONSE, snapshot, 11))).toBe("UNSUPPORTED");
  const sameByValue = fetched({ snapshotId: { endOffset: -1n, epoch: -1 } });
  expect(codeOf(() => encode(FETCH_RESPONSE, sameByValue, 11))).toBe(null);
});

test("unknown tagged fields are refused in a version without them", () => {
  const unknownTaggedFields = [{ tag: 9, bytes: new Uint8Array(0) }];
  expect(codeOf(() => encode(FETCH_RESPONSE, { ...DEFAULT_FETCH_RESPONSE, unknownTaggedFields }, 11))).toBe(
    "UNSUPPORTED",
  );
  expect(codeOf(() => encode(FETCH_RESPONSE, fetched({ unknownTaggedFields }), 11))).toBe("UNSUPPORTED");
});

test("null is refused in versions where it can't be said", () => {
  const all = { ...DEFAULT_METADATA_REQUEST, topics: null };
  expect(codeOf(() => encode(METADATA_REQUEST, all, 0))).toBe("UNSUPPORTED");
  expect(encode(METADATA_REQUEST, all, 1)).toBe("ffffffff");
});
