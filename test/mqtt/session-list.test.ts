import { expect, test } from "bun:test";
import { listSessions } from "../../src/mqtt/session-list.ts";
import { DurableRig } from "./sessions/durable/support.ts";
import { publishPacket, subscribePacket, toHex } from "./support/rig.ts";

const WILL = { topic: "devices/gone/will", payload: "gone" };

/** One that is kept and away, one that is kept and connected, one that ends with its connection. */
function rig(): DurableRig {
  const durable = new DurableRig();
  const away = durable.connect(5, "away");
  away.feed(subscribePacket(5, 1, [["devices/#", 1]]));
  durable.rig.settle();
  away.break();
  durable.connect(4, "kept").feed(subscribePacket(4, 1, [["devices/#", 1]]));
  durable.connect(5, "plain", { clean: true, properties: "", will: WILL });
  durable.rig.connect(4, "pub").feed(publishPacket("devices/d/t", "A", 1, 1));
  durable.rig.settle();
  durable.rig.clock.advance(5_000);
  return durable;
}

test("everybody is listed, with what waits for him", () => {
  const { inside } = rig().rig.door;
  const known = listSessions(inside, 10);
  expect(known.map(({ clientId }) => clientId)).toEqual(["away", "kept", "plain", "pub"]);
  const [away, kept, plain] = known;
  expect(away).toMatchObject({ remoteAddress: null, awayMs: 5_000, expirySec: 3_600, queuedMessages: 1 });
  expect(kept).toMatchObject({ version: "3.1.1", awayMs: null, subscriptions: 1, inFlightMessages: 1 });
  expect(plain).toMatchObject({ version: "5", expirySec: 0, awayMs: null, hasWill: true });
  expect(plain?.remoteAddress).not.toBeNull();
  expect(listSessions(inside, 2).map(({ clientId }) => clientId)).toEqual(["away", "kept"]);
});

test("one is ended for good: its client is told so, and a start does not find it", async () => {
  const durable = rig();
  const { door } = durable.rig;
  const connection = durable.connect(5, "five");
  const ends = Promise.all(["five", "away", "plain", "nobody"].map((clientId) => door.endSession(clientId)));
  expect(toHex(connection.take())).toStartWith("e0");
  expect(connection.closed).toBe(true);
  durable.rig.settle();
  expect(await ends).toEqual([true, true, true, false]);
  expect(durable.rig.gaps.map(({ device, reason }) => [device, reason])).toEqual([["away", "session-ended"]]);
  // The end of the connection is an end without a goodbye.
  expect(durable.rig.ingest.records.map(({ text }) => text)).toEqual(["A", "gone"]);
  durable.cut();
  expect(listSessions(durable.rig.door.inside, 10).map(({ clientId }) => clientId)).toEqual(["kept"]);
});

test("an end that the log does not take says so", async () => {
  const durable = rig();
  durable.log.refusal = 56;
  const end = durable.rig.door.endSession("kept");
  durable.rig.settle();
  await expect(end).rejects.toMatchObject({ code: "DISK_IO" });
});
