import { describe, expect, test } from "bun:test";
import type { Uuid } from "../../src/base/ids.ts";
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  type MetadataRecord,
} from "../../src/broker/metadata-records.ts";
import { MetadataState } from "../../src/broker/metadata-state.ts";
import type { ScramCredential } from "../../src/broker/scram-credentials.ts";
import { rule } from "../security/kafka-acls/support.ts";

const A = "AAAAAAAAAAAAAAAAAAAAAg" as Uuid;
const B = "AAAAAAAAAAAAAAAAAAAAAw" as Uuid;

const CREDENTIAL: ScramCredential = {
  mechanism: 2,
  salt: Uint8Array.of(1, 2, 3),
  iterations: 4_096,
  storedKey: Uint8Array.of(4, 5),
  serverKey: Uint8Array.of(6, 7),
};
const RECORDS: readonly MetadataRecord[] = [
  { kind: "topic", name: "telemetry", topicId: A },
  { kind: "topic-config", topic: "telemetry", name: "retention.ms", value: "1000" },
  { kind: "topic-config", topic: "telemetry", name: "segment.ms", value: "5" },
  { kind: "topic-config", topic: "telemetry", name: "segment.ms", value: null },
  { kind: "partition", topicId: A, partition: 0, leaderEpoch: 0 },
  { kind: "partition", topicId: A, partition: 1, leaderEpoch: 0 },
  { kind: "topic", name: "gone", topicId: B },
  { kind: "partition", topicId: B, partition: 0, leaderEpoch: 0 },
  { kind: "remove-topic", topicId: B },
  { kind: "producer-ids", nextProducerId: 4000 },
  { kind: "acl", id: A, entry: rule("deny User:anna read topic telemetry*", "10.0.0.7") },
  { kind: "acl", id: B, entry: rule("allow User:* describe group *") },
  { kind: "remove-acl", id: B },
  { kind: "scram", user: "anna", credential: CREDENTIAL },
  { kind: "scram", user: "anna", credential: { ...CREDENTIAL, mechanism: 1 } },
  { kind: "scram", user: "ben", credential: CREDENTIAL },
  { kind: "remove-scram", user: "anna", mechanism: 1 },
  { kind: "remove-scram", user: "ben", mechanism: 2 },
  { kind: "feature", name: "transaction.version", level: 1 },
  {
    kind: "client-quota",
    entity: new Map([
      ["user", null],
      ["client-id", "c"],
    ]),
    key: "producer_byte_rate",
    value: 1000.5,
  },
  { kind: "client-quota", entity: new Map([["ip", "10.0.0.1"]]), key: "connection_creation_rate", value: 1 },
  {
    kind: "client-quota",
    entity: new Map([["ip", "10.0.0.1"]]),
    key: "connection_creation_rate",
    value: null,
  },
];

function replayed(records: readonly MetadataRecord[]): MetadataState {
  const state = new MetadataState();
  for (const record of records) state.replay(record);
  return state;
}

function seen(state: MetadataState) {
  const topics = Array.from(state.topics(), ({ name, id, partitionCount, configs }) => ({
    name,
    id,
    partitionCount,
    configs: [...configs],
  }));
  const quotas = Array.from(state.quotas.all(), ({ entity, values }) => [[...entity], [...values]]);
  const acls = [...state.acls.all()];
  const scram = Array.from(state.scram.users, (user) => [user, state.scram.of(user)]);
  return { topics, nextProducerId: state.nextProducerId, features: [...state.features], quotas, acls, scram };
}

describe("metadata records", () => {
  test.each(RECORDS.map((record) => [record.kind, record] as const))("%s survives its bytes", (_, record) => {
    expect(decodeMetadataRecord(encodeMetadataRecord(record))).toMatchObject(record);
  });

  test("every truncation is refused as malformed", () => {
    for (const record of RECORDS) {
      const bytes = encodeMetadataRecord(record);
      for (let length = 0; length < bytes.length; length += 1) {
        expect(() => decodeMetadataRecord(bytes.subarray(0, length))).toThrow(
          expect.objectContaining({ code: "MALFORMED" }),
        );
      }
    }
  });

  test("a record of Kafka's that means nothing here is passed over, a later frame is refused", () => {
    const noOp = Uint8Array.of(1, 20, 0, 0);
    expect(decodeMetadataRecord(noOp)).toBeNull();
    expect(() => decodeMetadataRecord(Uint8Array.of(2, 2, 0))).toThrow(
      expect.objectContaining({ code: "DATA_FORMAT_UNKNOWN" }),
    );
  });
});

describe("MetadataState", () => {
  test("is what its records say", () => {
    const state = replayed(RECORDS);
    expect(seen(state)).toEqual({
      topics: [{ name: "telemetry", id: A, partitionCount: 2, configs: [["retention.ms", "1000"]] }],
      nextProducerId: 4000,
      features: [["transaction.version", 1]],
      quotas: [
        [
          [
            ["user", null],
            ["client-id", "c"],
          ],
          [["producer_byte_rate", 1000.5]],
        ],
      ],
      acls: [[A, rule("deny User:anna read topic telemetry*", "10.0.0.7")]],
      scram: [["anna", [CREDENTIAL]]],
    });
    expect(state.wasRemoved(B)).toBe(true);
    expect(state.wasRemoved(A)).toBe(false);
    expect(state.byId(B)).toBeNull();
  });

  test("a topic that was made again under its name is the new one", () => {
    const state = replayed([
      { kind: "topic", name: "t", topicId: A },
      { kind: "partition", topicId: A, partition: 0, leaderEpoch: 0 },
      { kind: "remove-topic", topicId: A },
      { kind: "topic", name: "t", topicId: B },
      { kind: "remove-topic", topicId: A },
    ]);
    expect(state.topic("t")?.id).toBe(B);
  });

  test("its snapshot replays to the same", () => {
    const state = replayed(RECORDS);
    expect(seen(replayed(state.snapshot()))).toEqual(seen(state));
  });
});
