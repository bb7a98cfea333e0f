import { expect, test } from "bun:test";
import {
  NO_PARTITIONS,
  STATE_NAMES,
  type Transaction,
  withPartitions,
} from "../../../src/coordinators/transactions/transaction.ts";
import {
  decodeTransaction,
  encodeForgotten,
  encodeTransaction,
} from "../../../src/coordinators/transactions/transaction-records.ts";

const PARTITIONS = withPartitions(NO_PARTITIONS, [
  { topic: "a", partition: 3 },
  { topic: "a", partition: 0 },
  { topic: "__consumer_offsets", partition: 0 },
]);

const ONGOING: Transaction = {
  transactionalId: "pay-1",
  producerId: 2 ** 40,
  previousProducerId: 11,
  nextProducerId: 12,
  producerEpoch: 0x7fff,
  lastProducerEpoch: -1,
  timeoutMs: 60_000,
  state: "Ongoing",
  partitions: PARTITIONS,
  startTimestampMs: 1_700_000_000_000,
  lastUpdateTimestampMs: 1_700_000_000_001,
  clientTransactionVersion: 2,
};

test("every state is read as it was written", () => {
  for (const state of STATE_NAMES) {
    const partitions = state === "Empty" ? NO_PARTITIONS : PARTITIONS;
    const transaction = { ...ONGOING, state, partitions };
    expect(decodeTransaction(encodeTransaction(transaction, 2))?.transaction).toEqual(transaction);
  }
});

test("the layout before transaction version 1 has no tagged fields", () => {
  const old = encodeTransaction(ONGOING, 0);
  expect(old.value?.subarray(0, 2)).toEqual(new Uint8Array([0, 0]));
  expect(decodeTransaction(old)?.transaction).toEqual({
    ...ONGOING,
    previousProducerId: -1,
    nextProducerId: -1,
    clientTransactionVersion: 0,
  });
});

test("the bytes are Kafka's", () => {
  const { key, value } = encodeTransaction(
    { ...ONGOING, transactionalId: "x", partitions: NO_PARTITIONS },
    2,
  );
  // Type 0, then a string; version 1, producer id, epoch, timeout, state 1, no topics, two timestamps, tags 0 to 2.
  expect(Buffer.from(key).toString("hex")).toBe("0000000178");
  expect(Buffer.from(value ?? []).toString("hex")).toBe(
    "0001" +
      "0000010000000000" +
      "7fff" +
      "0000ea60" +
      "01" +
      "01" +
      "0000018bcfe56801" +
      "0000018bcfe56800" +
      "03" +
      "0008000000000000000b" +
      "0108000000000000000c" +
      "02020002",
  );
});

test("a tombstone forgets the id", () => {
  expect(decodeTransaction(encodeForgotten("pay-1"))).toEqual({
    transactionalId: "pay-1",
    transaction: null,
  });
});

test("what is cut off, of a later kind, or impossible, is not read", () => {
  const { key, value } = encodeTransaction(ONGOING, 2);
  if (value === null) throw new Error("a tombstone");
  for (let end = 0; end < value.length; end += 1) {
    expect(decodeTransaction({ key, value: value.subarray(0, end) })).toBeNull();
  }
  for (let end = 0; end < key.length; end += 1) {
    expect(decodeTransaction({ key: key.subarray(0, end), value })).toBeNull();
  }
  expect(decodeTransaction({ key: new Uint8Array([0, 9, 0, 0]), value })).toBeNull();
  expect(decodeTransaction({ key, value: new Uint8Array([0, 7, ...value.subarray(2)]) })).toBeNull();
  const badState = value.slice();
  badState[2 + 8 + 2 + 4] = 6;
  expect(decodeTransaction({ key, value: badState })).toBeNull();
  const badEpoch = value.slice();
  badEpoch[2 + 8] = 0x80;
  expect(decodeTransaction({ key, value: badEpoch })).toBeNull();
  const badProducer = value.slice();
  badProducer[2] = 0x40;
  expect(decodeTransaction({ key, value: badProducer })).toBeNull();
});
