import { beforeEach, expect, spyOn, test } from "bun:test";
import { FieldReader, FieldWriter } from "../../../../src/mqtt/sessions/durable/bytes.ts";
import { Kind, putProgress, readSession } from "../../../../src/mqtt/sessions/durable/records.ts";
import { TurnWriter } from "../../../../src/mqtt/sessions/durable/turn-writer.ts";
import { ackPacket, publishPacket, subscribePacket } from "../../support/rig.ts";
import { DurableRig } from "./support.ts";

const PUBACK = 4;
const MIB = 1024 * 1024;

let durable: DurableRig;
beforeEach(() => {
  durable = new DurableRig();
});

function key(kind: number, number: number): Uint8Array {
  return new FieldWriter().start().u8(kind).number(number).take().slice();
}

/** What an earlier process has left in the log; then the broker starts. */
function startOn(...records: readonly [Uint8Array, Uint8Array | null][]): void {
  const writer = new TurnWriter(durable.log, () => {});
  writer.start(0);
  for (const [recordKey, value] of records) writer.put(recordKey, value, -1);
  writer.finish();
  durable.restart();
}

function progress(): Uint8Array {
  const writer = new FieldWriter();
  putProgress(writer.start(), { boundary: 3, maybeSentBelow: 0, runs: [] });
  return writer.take().slice();
}

function numberOf(clientId: string): number {
  const wanted = new FieldWriter().start().u8(Kind.SESSION).restText(clientId).take().toHex();
  const value = durable.log.standing().get(wanted) ?? new Uint8Array();
  return readSession(new FieldReader().open(value, 0, value.length))?.number ?? 0;
}

test("the number of a session that is gone is never used again, and what it left is taken back", () => {
  startOn([key(Kind.PROGRESS, 7), progress()]);
  durable.connect(4, "a");
  durable.rig.clock.advance(1_000);
  durable.rig.settle();
  expect(numberOf("a")).toBe(8);
  expect(durable.log.standing().has(key(Kind.PROGRESS, 7).toHex())).toBe(false);
});

test("nor is the number of one of which the log has only that it is gone", () => {
  startOn([key(Kind.PROGRESS, 9), null]);
  durable.connect(4, "a");
  durable.rig.settle();
  expect(numberOf("a")).toBe(10);
});

test("nor is that of a message that was taken back", () => {
  startOn([key(Kind.MESSAGE, 9), null]);
  const sub = durable.connect(4, "sub");
  sub.feed(subscribePacket(4, 1, [["devices/#", 1]]));
  durable.rig.settle();
  durable.rig.connect(4, "pub").feed(publishPacket("devices/a", "x", 1, 1));
  durable.rig.settle();
  expect(durable.log.standing().has(key(Kind.MESSAGE, 10).toHex())).toBe(true);
});

test("messages that wait for a slow client are kept in memory up to a bound, then read from the log", () => {
  durable = new DurableRig({ maxInFlight: 1, maxQueuedBytes: 64 * MIB });
  const sub = durable.connect(4, "sub");
  sub.feed(subscribePacket(4, 1, [["devices/#", 1]]));
  durable.rig.settle();
  sub.take();
  const reads = spyOn(durable.log, "read");
  const payload = new Uint8Array(900_000);
  const count = 14;
  for (let n = 0; n < count; n++) {
    durable.rig.connect(4, "pub").feed(publishPacket("devices/a", payload, 1, 1));
    durable.rig.settle();
  }
  for (let packetId = 1; packetId <= count; packetId++) {
    expect(sub.take().length).toBeGreaterThan(payload.length);
    sub.feed(ackPacket(PUBACK, packetId));
    durable.rig.settle();
  }
  // Some 9 of them are 8 MiB.
  expect(reads.mock.calls.length).toBeGreaterThanOrEqual(3);
  expect(reads.mock.calls.length).toBeLessThan(count);
  reads.mockRestore();
}, 60_000);
